import { existsSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { parseDuration } from '../../src/cli/duration.ts'
import { interruptAll } from '../../src/cli/interrupt.ts'
import { untilWell, type Round } from '../../src/cli/wait.ts'
import { recordedWorld, type World } from '../kit/recorded-world.ts'

let world: World | null = null
afterEach(async () => {
  await world?.close()
  world = null
})

const common = ['check', '--region', 'us-east-1', '--quiet'] as const
const wait = (seconds: number) => ['check', '--region', 'us-east-1', '--wait', `${String(seconds)}s`]

test('what converges is waited for: each change is a line, and what is saved is what was judged in the end', async () => {
  const here = (world = await recordedWorld('hard-way-l2'))
  const saved = path.join(here.folder, 'saved')
  const asked = (action: string) => here.ec2.asked.filter((one) => one.action === action).length
  const mended = setInterval(() => {
    if (asked('DescribeNetworkInterfaces') < 2) return
    clearInterval(mended)
    void here.become('hard-way-healthy')
  }, 100)
  const args = [...wait(60), ...here.nodeOutputs, '--save-bundle', saved, 'default/nginx-lb']
  const { code, stdout, stderr } = await here.vipdoctor(args)
  expect(stderr).toMatch(/^\d+ s: 10\.240\.0\.100:80 \(default\/nginx-lb\): unreachable$/m)
  expect(stderr).toMatch(/^\d+ s: .*: delivery: .+ → .+$/m)
  expect(stderr).toMatch(/^\d+ s: .*\): unreachable → reachable$/m)
  expect([code, stdout.split('\n')[1]]).toEqual([0, expect.stringMatching(/^ {2}reachable from/)])
  const again = await here.vipdoctor(['check', '--bundle', saved])
  expect(again.code).toBe(0)
})

test('what stays as it is ends with its exit code and its report when the time is over', async () => {
  world = await recordedWorld('hard-way-l2')
  const { code, stdout, stderr } = await world.vipdoctor([...wait(4), ...world.nodeOutputs])
  expect(code).toBe(1)
  expect(stdout).toContain('UNREACHABLE')
  expect(stderr.match(/unreachable/g)).toHaveLength(1)
})

test('a source in which nothing is wrong is read again only for the last word', async () => {
  let ms = 0
  const kept: string[] = []
  const rounds: Round[] = ['nobody', 'nobody', 'controller-0', 'controller-0'].map((owner) => ({
    well: owner !== 'nobody',
    standings: new Map([['delivery', { place: 'delivery', well: owner !== 'nobody', key: owner, brief: owner }]]),
    idle: ['nodes'],
  }))
  const told: string[] = []
  const live = await untilWell<number>({
    waitMs: 60_000,
    read: (earlier) => {
      kept.push(earlier === null ? 'whole' : `${earlier.sources.join()} of ${String(earlier.of)}`)
      return Promise.resolve(kept.length)
    },
    judge: (round) => rounds[round - 1] ?? raise(round),
    tell: (line) => told.push(line),
    now: () => ms,
    pause: (by) => {
      ms += by
      return Promise.resolve()
    },
  })
  expect(kept).toEqual(['whole', 'nodes of 1', 'nodes of 2', 'whole'])
  expect([live, told]).toEqual([4, ['0 s: delivery: nobody', '6 s: delivery: nobody → controller-0']])
})

const raise = (round: number): never => {
  throw new Error(`round ${String(round)} was not expected`)
}

test('what cannot mend itself is not waited for', async () => {
  world = await recordedWorld('hard-way-l2')
  const started = Date.now()
  expect(await world.vipdoctor([...common, '--wait', '60s', 'default/not-there'])).toMatchObject({ code: 2 })
  expect(await world.vipdoctor([...common, '--wait', 'soon'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^vipdoctor: --wait: "soon" is no duration\./),
  })
  expect(await world.vipdoctor(['check', '--wait', '60s', '--bundle', 'x.tar.gz'])).toMatchObject({ code: 2 })
  expect(Date.now() - started).toBeLessThan(30_000)
})

test('an API server that is not there yet is waited for', async () => {
  const down = { status: 503 }
  world = await recordedWorld('hard-way-l2', { api: { '*': down } })
  const { code, stderr } = await world.vipdoctor([...wait(4), '--fabric', 'lan'])
  expect(stderr).toMatch(/^\d+ s: the API server: .*503/m)
  expect([2, 3]).toContain(code)
})

test('Ctrl-C between two readings ends the waiting, too', async () => {
  const read: number[] = []
  const live = await untilWell({
    waitMs: 60_000,
    read: () => Promise.resolve(read.push(1)),
    judge: () => {
      interruptAll()
      return { well: false, standings: new Map(), idle: [] }
    },
    tell: () => undefined,
    now: Date.now,
  })
  expect([live, read.length]).toEqual([null, 1])
})

test('Ctrl-C ends the waiting', async () => {
  const here = (world = await recordedWorld('hard-way-l2'))
  const { code } = await here.vipdoctor([...wait(60), ...here.nodeOutputs], {
    interruptWhen: () => here.ec2.asked.length > 30,
  })
  expect([code, existsSync(path.join(here.folder, 'saved'))]).toEqual([130, false])
})

test.each([
  ['90s', 90_000],
  ['2m', 120_000],
  ['2m30s', 150_000],
  ['1h', 3_600_000],
  ['45', 45_000],
])('%s are %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', 'm', '2 m', '2x', '-3s', '1.5m', 's90'])('%j is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow(/is no duration/)
})
