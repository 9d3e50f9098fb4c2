import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const cache =
  process.env.VIPDOCTOR_E2E_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'vipdoctor-e2e')

/** A program or file that scripts/e2e-tools made. */
export const tool = (name: string): string => path.join(cache, name)

export const hasTool = (name: string): boolean => existsSync(tool(name))

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts a program that lives until the test ends; its last words are kept for when it dies early. */
export function daemon(
  program: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): ChildProcess & { readonly said: () => string } {
  let said = ''
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const hear = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-4000)
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  return Object.assign(child, { said: () => said })
}

/** Waits until `ready` says so; fails with the daemon's last words. */
export async function until(ready: () => Promise<boolean>, of: ReturnType<typeof daemon>, seconds = 60): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (Date.now() < end) {
    if (of.exitCode !== null) break
    if (await ready().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`it did not become ready: ${of.said()}`)
}
