import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { lacks } from '../lab/cluster/needs.ts'

// What is left of the laboratory on the machine, however it ends: nothing.

const missing = lacks()
const where = missing === null ? test.each : test.skip.each // the name says why
const why = missing === null ? '' : ` (skipped: ${missing})`

interface Process {
  readonly id: string
  readonly parent: string
  readonly network: string
}

const processes = (): readonly Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        // proc_pid_stat(5): the name, in parentheses, may hold anything; the state and the parent follow it.
        const parent = /^.*\) \S (\d+) /s.exec(readFileSync(`/proc/${id}/stat`, 'utf8'))?.[1] ?? ''
        return [{ id, parent, network: readlinkSync(`/proc/${id}/ns/net`) }]
      } catch {
        return [] // It has ended meanwhile.
      }
    })

function descendants(of: string, all = processes()): readonly Process[] {
  return all.filter(({ parent }) => parent === of).flatMap((one) => [one, ...descendants(one.id, all)])
}

const mounts = (): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes('vipdoctor-lab') || line.includes('/mnt/machines'))

const named = (): readonly string[] => {
  try {
    return readdirSync('/run/netns').filter((name) => name === 'fabric' || name.startsWith('cni-'))
  } catch {
    return [] // Nobody has made any.
  }
}

where<[string, (pid: number) => void]>([
  ['Ctrl-C', (pid) => process.kill(-pid, 'SIGINT')],
  ['a signal to its first process', (pid) => process.kill(pid, 'SIGTERM')],
  ['its first process being killed', (pid) => process.kill(pid, 'SIGKILL')],
])(`nothing is left of a laboratory after %s${why}`, async (_, end) => {
  const root = path.join(import.meta.dirname, '../..')
  const argv = ['scripts/run-ts.js', 'test/lab/cluster/main.ts', '--fabric', 'lan', '--together', '1']
  const lab = spawn(process.execPath, argv, { cwd: root, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise((resolve) => lab.once('close', resolve))
  let said = ''
  lab.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  while (!said.includes('nodes') && lab.exitCode === null) await sleep(100)
  const pid = lab.pid ?? 0
  const inside = descendants(String(pid))
  const own = readlinkSync('/proc/self/ns/net')
  const networks = new Set(inside.map(({ network }) => network).filter((network) => network !== own))
  // The bastion's, and one of each other host; etcd and the API servers run in them.
  expect([said, networks.size]).toEqual([expect.stringContaining('control plane'), 7])
  expect(inside.length).toBeGreaterThan(15)

  end(pid)
  await ended
  const living = () =>
    processes().filter(({ id, network }) => networks.has(network) || inside.some((one) => one.id === id))
  for (let tries = 0; living().length > 0 && tries < 100; tries++) await sleep(100)
  expect(living()).toEqual([])
  expect(mounts()).toEqual([])
  expect(named()).toEqual([])
})
