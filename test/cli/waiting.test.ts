import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { capturePath } from '../capture/captures.ts'
import { fixturePath } from '../kit/fixtures.ts'

const bin = path.join(import.meta.dirname, '../../bin/run.js')

let folder = ''
let fifo = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-waiting-'))
  fifo = path.join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Starts the program, sends it a signal while it waits, and says how it ended: by itself, or by the signal. */
async function signalled(args: readonly string[], signal: 'SIGINT' | 'SIGTERM', env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const end = new Promise<{ code: number | null; by: string | null }>((resolve) => {
    child.once('close', (code, by) => {
      resolve({ code, by })
    })
  })
  while (!hasOpen(child.pid, fifo)) await wait(50)
  await wait(500)
  child.kill(signal)
  return Promise.race([end, wait(60_000).then(() => 'it went on')])
}

const read = ['capture', 'arp', '--vip', '10.240.0.100', '--fabric', 'lan', '--read']

/** Whether a process has a file open. */
const hasOpen = (pid: number | undefined, file: string): boolean =>
  readdirSync(`/proc/${pid ?? ''}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid ?? ''}/fd/${fd}`) === file
    } catch {
      return false
    }
  })

describe.each(['SIGINT', 'SIGTERM'] as const)('%s ends', (signal) => {
  test('a check whose bundle is a FIFO that nobody writes to', async () => {
    expect(await signalled(['check', '--bundle', fifo], signal)).toEqual({ code: null, by: signal })
  })

  test('whatever asks a cluster whose kubeconfig is one', async () => {
    const ended = { code: 130, by: null }
    expect(await signalled(['check', '--kubeconfig', fifo], signal)).toEqual(ended)
    expect(await signalled(['check'], signal, { KUBECONFIG: fifo })).toEqual(ended)
    const listening = ['capture', 'arp', '--vip', '10.240.0.100', '--node', 'worker-0', '--nodes', 'pod']
    expect(await signalled([...listening, '--kubeconfig', fifo], signal)).toEqual(ended)
  })

  test('a check whose usual kubeconfig is one, with a report that says so', async () => {
    const home = path.join(folder, `home-${signal}`)
    mkdirSync(path.join(home, '.kube'), { recursive: true })
    symlinkSync(fifo, path.join(home, '.kube/config'))
    const report = path.join(home, 'report.md')
    const args = ['check', '--output-file', `markdown=${report}`]
    expect(await signalled(args, signal, { HOME: home, KUBECONFIG: '' })).toEqual({ code: 130, by: null })
    expect(readFileSync(report, 'utf8')).toContain('Interrupted before anything was judged.')
  })

  test('a capture whose file is one, and concludes from nothing', async () => {
    expect(await signalled([...read, fifo], signal)).toEqual({ code: 3, by: null })
  })
})

/** Runs the program while something else writes a file into the FIFO. */
function fed(args: readonly string[], file: string) {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'cat "$0" > "$1" & shift; "$@"', file, fifo, process.execPath, bin, ...args, fifo],
    { encoding: 'utf8', timeout: 180_000 },
  )
  return { code: status, stderr }
}

test('what is written into a FIFO is read to its end', () => {
  expect(fed(['check', '--bundle'], fixturePath('hard-way-l2'))).toEqual({ code: 1, stderr: '' })
  expect(fed(read, capturePath('stranger-client'))).toEqual({ code: 1, stderr: '' })
})

test.each([
  ['a device for a bundle', ['check', '--bundle', '/dev/zero'], '/dev/zero is a device, not a file.'],
  ['a device for a capture', [...read, '/dev/zero'], '/dev/zero is a device, not a capture.'],
])('%s is refused, not read for ever', (_, args, message) => {
  const { status, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', timeout: 120_000 })
  expect({ status, stderr }).toEqual({ status: 2, stderr: `vipdoctor: ${message}\n` })
})

test('a disk that is full while a capture is written ends with the reason', () => {
  const out = path.join(folder, 'out.pcapng')
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 1; "$@"', 'sh', process.execPath, bin, ...read, capturePath('stranger-client'), '--write', out],
    { encoding: 'utf8' },
  )
  expect(readFileSync(out)).toHaveLength(512)
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(/out\.pcapng cannot be written: EFBIG/),
  })
})
