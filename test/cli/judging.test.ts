import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { checks } from '../../src/checks/index.ts'
import { answer, answerOf, judgeShare } from '../../src/diagnosis/diagnose.ts'
import { strictPolicy } from '../../src/diagnosis/gate.ts'
import { questionsFor } from '../../src/diagnosis/targets.ts'
import { allReports } from '../../src/report/all-reports.ts'
import { formatNames, formatsFor } from '../../src/report/formats.ts'
import { plain } from '../../src/report/paint.ts'
import { ordinary } from '../../src/report/text/text.ts'
import { thirtyVips } from '../kit/thirty-vips.ts'

const bin = path.join(import.meta.dirname, '../../bin/run.js')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-judging-'))
  writeBundle('thousands', 2000)
  writeBundle('pair', 2)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** A bundle of so many Services, and nothing else. */
function writeBundle(name: string, services: number): void {
  const items = Array.from({ length: services }, (_, n) => {
    const last = `${String(n >> 8)}.${String(n & 255)}`
    return {
      metadata: { namespace: 'default', name: `web-${String(n)}` },
      spec: {
        type: 'LoadBalancer',
        clusterIP: `10.32.${last}`,
        ports: [{ port: 80, protocol: 'TCP', nodePort: 30080 }],
      },
      status: { loadBalancer: { ingress: [{ ip: `10.240.${last}` }] } },
    }
  })
  mkdirSync(path.join(folder, name, 'kubernetes'), { recursive: true })
  writeFileSync(path.join(folder, name, 'bundle.json'), '{"format": "vipdoctor-bundle", "version": 1}')
  writeFileSync(path.join(folder, name, 'kubernetes/services.json'), JSON.stringify({ kind: 'List', items }))
}

/** The report of thousands of VIPs, and in how many threads questions were judged: each writes a profile of its own. */
function profiled(name: string, ...args: readonly string[]): { readonly report: string; readonly judging: number } {
  const profiles = path.join(folder, name)
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--cpu-prof', '--cpu-prof-dir', profiles, bin, 'check', '--bundle', path.join(folder, 'thousands'), ...args],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  )
  expect(stderr).toBe('')
  const texts = readdirSync(profiles).map((file) => readFileSync(path.join(profiles, file), 'utf8'))
  return { report: stdout, judging: texts.filter((text) => text.includes('"functionName":"judgeShare"')).length }
}

describe('thousands of VIPs', () => {
  test('are judged by two threads, and the report is that of one', () => {
    const args = ['--output', 'prometheus']
    const together = profiled('two', ...args)
    // The page tells the first ones of each verdict in full, so that one thread has to see all.
    const alone = profiled('one', ...args, '--output-file', `html=${path.join(folder, 'page.html')}`)
    expect(alone.judging).toBe(1)
    expect(together.judging).toBe(availableParallelism() > 1 ? 2 : 1)
    expect(together.report).toBe(alone.report)
    expect(together.report).toContain('vip="10.240.7.207"')
  })
})

const evidence = await thirtyVips()

test('what was compiled while several VIPs were judged is taken by the next run', () => {
  const cache = path.join(folder, 'cache')
  const run = () =>
    spawnSync(process.execPath, [bin, 'check', '--bundle', path.join(folder, 'pair')], {
      env: { ...process.env, XDG_CACHE_HOME: cache },
    }).status
  const kept = () => {
    const [store = ''] = readdirSync(path.join(cache, 'vipdoctor'))
    return statSync(path.join(cache, 'vipdoctor', store)).mtimeMs
  }
  expect(run()).toBe(3)
  const first = kept()
  expect(run()).toBe(3)
  expect(kept()).toBe(first)
})

describe('shares of the questions', () => {
  const { questions, gaps } = questionsFor(evidence, [], { client: { kind: 'vpc' }, fabric: 'ec2', vpcId: null })

  test('come to the answer of all of them, in whatever order they come', () => {
    expect(questions.length).toBeGreaterThan(1)
    const share = (places: readonly number[]) =>
      judgeShare((diagnosis) => diagnosis, checks, evidence, questions, places, false)
    const places = [...questions.keys()]
    const [even, odd] = [0, 1].map((rest) => share(places.filter((at) => at % 2 === rest)))
    const whole = answer(checks, evidence, questions, gaps)
    if (even === undefined || odd === undefined) throw new Error('two shares were made')
    expect(answerOf(checks, evidence, questions, gaps, [odd, even])).toEqual(whole)
    expect(answerOf(checks, evidence, questions, gaps, [even, odd])).toEqual(whole)
  })

  test.each(formatNames)('what %s keeps of a VIP can come from another thread', (name) => {
    const setting = {
      reading: { from: 'bundle', path: 'b.tar.gz' },
      tool: { name: 'vipdoctor', version: '0' },
      checks,
      evidence,
      failOn: 'fail',
      acceptanceOf: () => null,
    } as const
    const reports = allReports([formatsFor(plain, ordinary)[name].report(setting)], strictPolicy)
    const { diagnoses } = answer(checks, evidence, questions, gaps)
    const kept = diagnoses.map(reports.diagnosis)
    expect(structuredClone(kept)).toEqual(kept)
    expect(reports.inOrder).toBe(name === 'html')
  })
})
