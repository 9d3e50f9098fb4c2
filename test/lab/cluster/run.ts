import { spawn } from 'node:child_process'

/** What a program did: its status (null: ended by a signal or by the time), and its words. */
export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  readonly seconds?: number
  readonly cwd?: string
}

/** Runs a program to its end, or kills it and its children after `seconds`. */
export function tryRun(program: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input = '', env = process.env, seconds = 120, cwd } = options
  return new Promise((resolve) => {
    const child = spawn(program, argv, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    const out: Buffer[] = []
    const err: Buffer[] = []
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      err.push(Buffer.from(`ended after ${String(seconds)} s\n`))
    }, seconds * 1000)
    const end = (status: number | null, why: string | null = null): void => {
      clearTimeout(timer)
      resolve({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() + (why ?? '') })
    }
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('error', (error) => {
      end(null, error.message)
    })
    child.once('close', end)
    // A daemon that it left behind may hold its pipes; what it printed itself is there by then, on a busy machine, too.
    child.once('exit', (status) => {
      setTimeout(() => {
        end(status)
      }, 1_000)
    })
  })
}

/** Runs a program that must succeed, and returns what it printed. @throws Error with the program's words. */
export async function run(program: string, argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await tryRun(program, argv, options)
  if (status === 0) return stdout
  throw new Error(`${[program, ...argv].join(' ').slice(0, 300)}: status ${String(status)}\n${stderr}${stdout}`)
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until `holds`, asking again and again. @throws Error that names what did not come about. */
export async function until(what: string, holds: () => Promise<boolean>, seconds = 60): Promise<void> {
  const end = Date.now() + seconds * 1000
  let last: unknown
  while (Date.now() < end) {
    try {
      if (await holds()) return
    } catch (error) {
      last = error
    }
    await sleep(250)
  }
  throw new Error(`After ${String(seconds)} s: ${what}.`, { cause: last })
}
