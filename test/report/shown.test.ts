import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { checks } from '../../src/checks/index.ts'
import { packetsToTrace } from '../../src/diagnosis/trace-target.ts'
import { tracedPacket } from '../../src/diagnosis/traced-packet.ts'
import { acceptanceOf, strictPolicy } from '../../src/diagnosis/gate.ts'
import { evidenceOf, type Evidence } from '../../src/evidence/evidence.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { readManifest } from '../../src/evidence/manifest.ts'
import { memoryStore } from '../../src/evidence/store.ts'
import { invisible } from '../../src/net/visible.ts'
import { allReports } from '../../src/report/all-reports.ts'
import { formatNames, formatsFor } from '../../src/report/formats.ts'
import { plain } from '../../src/report/paint.ts'
import { shown, shownText } from '../../src/report/shown.ts'
import { ordinary } from '../../src/report/text/text.ts'
import { traceJson } from '../../src/report/trace-json.ts'
import { traceText } from '../../src/report/trace.ts'
import { judge } from '../kit/answers.ts'
import { fixtureStore } from '../kit/fixtures.ts'

/** What a terminal obeys (a title, a colour, a bell, the line's beginning), turns round, or does not show. */
const evil = '\u001B]0;owned\u0007\u001B[8m\r\u009B2J\u202E\u200B\u{E0041}'

/** A recording whose names of nodes, Services, pools and interfaces, and whose messages, carry all that; folders of nodes are called so too. */
async function spoilt(name: string): Promise<Evidence> {
  const store = await fixtureStore(name)
  const files = new Map<string, Uint8Array>()
  const add = (folder: string): void => {
    for (const entry of store.list(folder)) {
      const file = folder === '' ? entry : `${folder}/${entry}`
      const bytes = store.read(file)
      if (isGap(bytes)) add(file)
      else {
        const text = Buffer.from(bytes).toString()
        const json = file.endsWith('.json')
        files.set(named(file, evil), Buffer.from(named(text, json ? JSON.stringify(evil).slice(1, -1) : evil)))
      }
    }
  }
  add('')
  const made = memoryStore(files)
  return evidenceOf(made, readManifest(made, name))
}

const named = (text: string, what: string): string =>
  text.replaceAll(/worker-\d|controller-\d|nginx-lb|first-pool/g, (found) => found.replace('-', `-${what}`))

/** Line ends are ours, and so is the selector that makes a warning sign of Markdown coloured. */
const ours = /\n|(?<=⚠)\uFE0F/g
const isClean = (text: string): boolean => !invisible.test(text.replace(ours, ''))

describe.each(['hard-way-l2', 'lan-forward-reject', 'not-advertised'])('%s with hostile names', (name) => {
  test.each(formatNames)('shows none of them to a terminal as %s', async (format) => {
    const evidence = await spoilt(name)
    const answer = judge(evidence, [], 'vpc', true)
    const setting = {
      tool: { name: 'vipdoctor', version: '0' },
      checks,
      evidence,
      reading: { from: 'bundle' as const, path: `${evil}.tar.gz` },
      failOn: 'fail' as const,
      acceptanceOf: (finding: Parameters<typeof acceptanceOf>[1]) => acceptanceOf(strictPolicy, finding),
    }
    const detail = { ...ordinary, verbose: true }
    const reports = allReports([formatsFor(plain, detail)[format].report(setting)], strictPolicy)
    const judged = { ...answer, diagnoses: answer.diagnoses.map(reports.diagnosis) }
    const text = [...(reports.whole(judged, null).texts[0] ?? [])].join('')
    // A script for a VIP that is reachable names nothing.
    if (format !== 'fix-script') expect(text).toContain('owned')
    expect(isClean(text)).toBe(true)
    if (format === 'json')
      expect((JSON.parse(text) as { diagnoses: { service: string }[] }).diagnoses[0]?.service).toContain(evil)
  })

  test('a trace shows none either', async () => {
    const evidence = await spoilt(name)
    const [node = ''] = evidence.nodeNames
    const packets = packetsToTrace(evidence, '10.240.0.100:80', {
      client: { kind: 'vpc' },
      fabric: 'lan',
      vpcId: null,
    }).map((question) => tracedPacket(evidence, question, node))
    for (const text of [traceText(packets, plain), traceJson(packets, { name: 'vipdoctor', version: '0' })]) {
      expect(text).toContain('owned')
      expect(isClean(text)).toBe(true)
    }
  })
})

test.each([
  ['a bundle that is not there', ['check', '--bundle', `/nowhere/${evil}`]],
  ['a target that is none', ['check', `10.0.0.${evil}`, '--bundle', '/nowhere']],
  ['an unknown flag', ['check', `--${evil}`]],
  ['an unknown command', [evil]],
])('%s: standard error shows what was given, escaped', (_, args) => {
  const bin = path.join(import.meta.dirname, '../../bin/run.js')
  const { status, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stderr).toContain('owned')
  expect(isClean(stderr)).toBe(true)
})

test('an over-long name is cut, and its length is said; so is a text that never ends', () => {
  expect(shownText(`node ${'n'.repeat(5000)} drops it`)).toBe(`node ${'n'.repeat(253)}… (5000 characters) drops it`)
  expect(shownText('ab '.repeat(10_000))).toHaveLength(16_384 + '… (30000 characters)'.length)
})

test('data without such characters is the same object', () => {
  const data = { a: ['x', { b: 1n, c: null }], d: new Map([['k', evil]]) }
  expect(shown(data)).toBe(data)
})
