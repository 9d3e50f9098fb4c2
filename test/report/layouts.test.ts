import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { Evidence } from '../../src/evidence/evidence.ts'
import type { Access } from '../../src/report/access.ts'
import { plain, type Look } from '../../src/report/paint.ts'
import type { Reading } from '../../src/report/reading.ts'
import { ordinary, textReporter } from '../../src/report/text/text.ts'
import { judge, printed } from '../kit/answers.ts'
import { fixture, variant } from '../kit/fixtures.ts'
import { saidTwice, tooLong } from '../kit/report-lines.ts'
import { thirtyVips } from '../kit/thirty-vips.ts'

const bundle: Reading = { from: 'bundle', path: 'bundle.tar.gz' }
const asNamed: Access = { kubectl: [], aws: [], nodes: { by: 'ssh', options: [], nameOf: (node) => node } }
const live: Reading = { from: 'live', nodes: 'none', region: null, access: asNamed, flags: [] }

/** What kubectl alone shows of a cluster on EC2. */
const kubectlOnly = (): Promise<Evidence> => variant('hard-way-healthy', { 'aws/': null, 'nodes/': null })

/** The four reports that a newcomer meets first, as a terminal of 80 columns shows them. */
const layouts: readonly (readonly [string, () => Promise<Evidence>, Reading, number])[] = [
  ['unowned', () => fixture('hard-way-l2'), bundle, 27],
  ['healthy', () => fixture('hard-way-healthy'), bundle, 16],
  ['kubectl-only', kubectlOnly, live, 36],
  ['thirty-vips', thirtyVips, bundle, 18],
]

const report = (evidence: Evidence, reading: Reading, look: Partial<Look>): string =>
  printed(judge(evidence, []), textReporter({ ...plain, ...look }, ordinary, reading))

/** How many checks there are is no matter of the layout. */
const counted = (text: string): string => text.replace(/^\d+ (?=checks had)/m, 'N ')

test.each(layouts)('%s', async (name, evidence, reading, lines) => {
  const file = path.join(import.meta.dirname, 'layouts', `${name}.txt`)
  const text = counted(report(await evidence(), reading, { symbols: true }))
  if (process.env.UPDATE_GOLDENS) writeFileSync(file, text)
  expect(readFileSync(file, 'utf8')).toBe(text)
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(lines)
})

describe.each(layouts)('%s', (_, evidence, reading) => {
  test.each([60, 80, 200])('says nothing twice at %d columns, and no line is longer but commands', async (width) => {
    const text = report(await evidence(), reading, { width, symbols: true })
    expect(tooLong(text, width)).toEqual([])
    expect(saidTwice(text)).toEqual([])
  })
})

describe('the first line of what is unknown is what decides', () => {
  const firstStep = (evidence: Evidence, target: string): string => {
    const text = printed(judge(evidence, [target]), textReporter(plain, ordinary, bundle))
    return /To know more(?:, in this order)?:\n {2}1\. ([^\n]*)/.exec(text)?.[1] ?? text
  }

  test.each<readonly [string, string, string, Readonly<Record<string, null>>]>([
    [
      'of a Service, though who announces it is not known either',
      'hard-way-healthy',
      '10.240.0.100:80',
      { 'kubernetes/bgpadvertisements.metallb.io.json': null },
    ],
    ['of a control plane', 'control-plane-vip', '10.240.0.5:6443', {}],
  ])('on EC2 who owns the VIP: %s', async (_, recording, target, more) => {
    const evidence = await variant(recording, { 'aws/': null, 'nodes/': null, ...more })
    expect(firstStep(evidence, target)).toMatch(/^AWS \(not in the evidence\): judges delivery \(who gets the packet\)/)
  })

  test('on a LAN the node of the announcer', async () => {
    const evidence = await variant('lan-ipv6', { 'nodes/': null })
    const steps = judge(evidence, []).diagnoses.map(({ question, receiving }) => [
      receiving.nodes[0],
      firstStep(evidence, question.vip?.text ?? ''),
    ])
    expect(steps).toEqual([
      ['worker-1', expect.stringMatching(/^Nodes worker-1\b/)],
      ['worker-1', expect.stringMatching(/^Nodes worker-1\b/)],
      ['controller-1', expect.stringMatching(/^Nodes controller-1\b/)],
    ])
  })
})

test('what a folder lacks is written into it by the commands as they are printed', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-'))
  try {
    const printedFor = report(await kubectlOnly(), { from: 'bundle', path: `${folder}/` }, {})
    const commands = printedFor.split('\n').filter((line) => line.includes(folder))
    expect(commands.map((line) => line.trim().split(' ')[0])).toEqual(['mkdir', 'aws', 'aws', 'aws'])
    execFileSync('sh', ['-euc', ['aws() { echo "$*"; }', ...commands].join('\n')])
    const file = path.join(folder, 'aws/describe-network-interfaces.json')
    expect(readFileSync(file, 'utf8')).toBe('ec2 describe-network-interfaces --output json\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
