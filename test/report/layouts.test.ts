import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { nodeScript } from '../../src/collect/node/script.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { nodeKinds } from '../../src/evidence/node/kinds.ts'
import type { Access } from '../../src/report/access.ts'
import { printedBy } from '../../src/report/node-files.ts'
import { plain, type Look } from '../../src/report/paint.ts'
import type { Reading } from '../../src/report/reading.ts'
import { nextSteps } from '../../src/report/text/next-steps.ts'
import { ordinary, textReporter } from '../../src/report/text/text.ts'
import { judge, printed } from '../kit/answers.ts'
import { fixture, variant, wild } from '../kit/fixtures.ts'
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

describe('a node that was read and lacks a file', () => {
  const steps = (evidence: Evidence, reading: Reading, target = '10.240.0.100:80'): readonly string[] => {
    const text = printed(judge(evidence, [target], 'vpc', false, 'lan'), textReporter(plain, ordinary, reading))
    const [, told = ''] = /To know more, in this order:\n([^]*?)\n\n/.exec(text) ?? []
    return told.replaceAll(/\n {5}(?! )/g, ' ').split('\n')
  }
  const without = (...files: readonly string[]) =>
    variant('hard-way-healthy', Object.fromEntries(files.map((file) => [`nodes/${file}`, null])))

  test('is not said to be unread: the file is named, and the command that prints it', async () => {
    expect(steps(await wild('lan-26-firewalld-nft-iptables-save-only'), { from: 'bundle', path: 'b/' })).toEqual([
      expect.stringMatching(
        /^ {2}1\. The rules of nftables itself of controller-0, worker-0 and worker-1 \(nft-ruleset\.json: not in the evidence; iptables-save does not show them, .*\): judge translation/,
      ),
      ...['controller-0', 'worker-0', 'worker-1'].map(
        (node) => `       ssh ${node} sudo nft -j list ruleset > b/nodes/${node}/nft-ruleset.json`,
      ),
    ])
  })

  test('for want of its tool it is read by pods, which bring it', async () => {
    const files = ['controller-0', 'worker-0'].map((node) => `nodes/${node}/nft-ruleset.json`)
    const evidence = await variant('hard-way-healthy', {
      ...Object.fromEntries(files.map((file) => [file, null])),
      'bundle.json': (text) =>
        JSON.stringify({
          ...JSON.parse(text),
          gaps: files.map((source) => ({ source, reason: 'nft is not installed' })),
        }),
    })
    expect(
      steps(evidence, {
        ...live,
        nodes: 'ssh',
        flags: [
          ['region', 'eu-west-1'],
          ['ssh-user', 'admin'],
        ],
      }),
    ).toEqual([
      expect.stringContaining('nft is not installed; '),
      '       vipdoctor check 10.240.0.100:80 --region=eu-west-1 --nodes pod',
    ])
  })

  test('of a live one the command shows why nothing came', async () => {
    const evidence = await without('controller-0/ip-route.json')
    expect(steps(evidence, { ...live, nodes: 'ssh' }).map((line) => line.trim())).toEqual([
      expect.stringMatching(
        /^1\. The routes of controller-0 \(ip-route\.json: not in the evidence\): judge translation/,
      ),
      'ssh controller-0 ip -j route show table all',
    ])
  })

  test('and more than a few of them is read anew', async () => {
    const files = [
      'ip-route.json',
      'iptables-nft-save.txt',
      'ip-addr.json',
      'sysctl.txt',
      'ip-link.json',
      'ip-rule.json',
    ]
    const evidence = await without(...files.map((file) => `controller-0/${file}`))
    expect(steps(evidence, bundle)).toEqual([
      expect.stringMatching(
        /^ {2}1\. More of controller-0 \(not in the evidence\): judges .* One script by hand: vipdoctor collect --print-node-script$/,
      ),
    ])
  })

  describe('beside others', () => {
    const told = async (nodesRead: readonly string[], ...sources: readonly string[]): Promise<readonly string[]> => {
      const [diagnosis] = judge(await without('controller-0/ip-route.json'), ['10.240.0.100:80']).diagnoses
      const open = diagnosis?.findings.find(
        ({ id, status }) => status === 'unknown' && diagnosis.path.some((step) => step.id === id),
      )
      if (diagnosis === undefined || open === undefined) throw new Error('nothing is unknown')
      const gaps = sources.map((source) => ({ source, reason: 'cut off' }))
      const findings = [{ ...open, gaps }]
      return nextSteps({ ...diagnosis, nodesRead, findings }, bundle, { ...plain, width: 200 }).slice(1)
    }

    test('of which nothing was read is a step of its own', async () => {
      expect(await told(['a'], 'nodes/a/ip-rule.json', 'nodes/b/ip-rule.json', 'nodes/a/sysctl.txt')).toEqual([
        expect.stringMatching(/^ {2}1\. The rules of routing of a \(ip-rule\.json: cut off\): judge /),
        '       ssh a ip -j rule show > BUNDLE/nodes/a/ip-rule.json',
        expect.stringMatching(/^ {2}2\. Node b \(cut off\): judges /),
        expect.stringMatching(/^ {2}3\. sysctl\.txt of a \(cut off\): judges /),
        '     No ssh? One script by hand: vipdoctor collect --print-node-script',
      ])
    })

    test('that lack the same is named with the first four of them, and the script', async () => {
      const nodes = ['a', 'b', 'c', 'd', 'e']
      expect((await told(nodes, ...nodes.map((node) => `nodes/${node}/ip-rule.json`))).slice(1)).toEqual([
        ...['a', 'b', 'c', 'd'].map((node) => `       ssh ${node} ip -j rule show > BUNDLE/nodes/${node}/ip-rule.json`),
        '     No ssh? One script by hand: vipdoctor collect --print-node-script',
      ])
    })
  })
})

test('the command that is printed for a file of a node is the one of the node script', () => {
  const printing = Object.values(nodeKinds).flatMap(({ file }) => {
    const command = printedBy('n', file)
    return command === null || !('line' in command) ? [] : [[file, command.line.replace(/^ssh n (?:sudo )?/, '')]]
  })
  expect(printing.length).toBeGreaterThan(10)
  const inScript = nodeScript.replaceAll('"$1-nft-save"', 'iptables-nft-save')
  for (const [, command = ''] of printing)
    expect(inScript).toContain(command.replace(/^(?:ip6?tables-legacy|ip6tables-nft)-save/, '"$1-legacy-save"'))
})
