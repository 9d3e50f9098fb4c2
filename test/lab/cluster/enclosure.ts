import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { run } from './run.ts'

// The lab lives in a network, mounts and processes of its own, without a way out: nothing in it can send to an address outside, and the
// kernel takes all of it down when its first process ends, however that came about.

const inside = 'VIPDOCTOR_LAB_INSIDE'

export const isEnclosed = (): boolean => process.env[inside] !== undefined

/** The folder that the lab writes to: memory of its own, over a folder that every Linux machine has. */
export const folder = '/mnt'

/** Runs this program once more, enclosed, and hears its lines; ends with its status. With `hear` null it keeps the terminal. */
export function enclose(program: readonly string[], hear: ((line: string) => void) | null): Promise<number> {
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, TERM: process.env.TERM, [inside]: 'yes' }
  // Named before HOME changes: both are made from the user's.
  env.VIPDOCTOR_E2E_CACHE =
    process.env.VIPDOCTOR_E2E_CACHE ??
    path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'vipdoctor-e2e')
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--net', '--pid', '--uts', '--fork'],
      ...['--kill-child=KILL', '--mount-proc', '--', process.execPath, ...program],
    ],
    { stdio: ['inherit', hear === null ? 'inherit' : 'pipe', 'inherit'], env },
  )
  if (child.stdout !== null && hear !== null) createInterface({ input: child.stdout }).on('line', hear)
  // The terminal sends Ctrl-C to all of them. unshare waits for its child, which ends by itself; a signal to this one alone is passed on.
  const end = (): void => {
    child.kill('SIGKILL')
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(each, end)
      resolve(signal === null ? (code ?? 1) : 130)
    })
  })
}

/** Makes what the enclosed process needs of its own: memory to write to, names of hosts, a home, a loopback. */
export async function furnish(hosts: Readonly<Record<string, string>>): Promise<void> {
  await run('mount', ['-t', 'tmpfs', 'vipdoctor-lab', folder])
  await run('mount', ['-t', 'tmpfs', 'vipdoctor-lab-run', '/run'])
  mkdirSync('/run/netns')
  const lines = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`)
  writeFileSync(path.join(folder, 'hosts'), ['127.0.0.1 localhost\n', ...lines].join(''))
  await run('mount', ['--bind', path.join(folder, 'hosts'), '/etc/hosts'])
  await run('hostname', ['bastion'])
  await run('ip', ['link', 'set', 'lo', 'up'])
  process.env.HOME = path.join(folder, 'home')
  mkdirSync(process.env.HOME)
}
