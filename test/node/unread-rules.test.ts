import { describe, expect, test } from '@jest/globals'
import type { Diagnosis } from '../../src/diagnosis/diagnosis.ts'
import { nodeFile, type NodeKindName } from '../../src/evidence/node/kinds.ts'
import { diagnosisOf } from '../kit/answers.ts'
import { editJson, variant, type Change } from '../kit/fixtures.ts'

const legacyFile = 'iptables-legacy-save.txt'

/** Legacy tables that stand beside those of nft and drop whatever is forwarded. */
const legacy = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'

/** A bundle whose collection says why it has not a file. */
const recordedGap = (source: string, reason: string): Record<string, Change> => ({
  'bundle.json': editJson((value) => (value.gaps = [...(value.gaps ?? []), { source, reason }])),
})

const statusOf = ({ findings }: Diagnosis, id: string, node: string) =>
  findings.filter((one) => one.id === id && one.subject === `node/${node}`).map(({ status }) => status)

describe.each([
  ['the node that receives', 'controller-0'],
  ['the node of a pod', 'worker-0'],
])('on %s', (_, node) => {
  const path = (file: string) => `nodes/${node}/${file}`
  const judged = async (changes: Readonly<Record<string, Change>>) =>
    diagnosisOf(await variant('lan-healthy', changes), '10.240.0.100:80')

  test('legacy tables that drop what is forwarded are read', async () => {
    const { verdict, findings } = await judged({ [path(legacyFile)]: legacy })
    expect(verdict).toBe(node === 'controller-0' ? 'unreachable' : 'inconclusive')
    expect(findings.filter(({ status }) => status === 'fail' || status === 'warn').map(({ id }) => id)).toContain(
      'forwarding/forward-drop',
    )
  })

  const notInstalled = 'the kernel has legacy tables, and iptables-legacy-save is not installed'
  const unread: readonly [string, Record<string, Change>][] = [
    ['legacy tables that nobody could print', recordedGap(path(legacyFile), notInstalled)],
    ['a recorded gap in the words of an absent file', recordedGap(path(legacyFile), 'not in the evidence')],
    ['legacy tables cut in a line', { [path(legacyFile)]: legacy.slice(0, 40) }],
    ['legacy tables without COMMIT', { [path(legacyFile)]: legacy.replace('COMMIT\n', '') }],
    ['a page of HTML', { [path(legacyFile)]: '<html><body>504 Gateway Time-out</body></html>\n' }],
    ['a zero byte', { [path(legacyFile)]: legacy.replace('*filter', '*filter\0') }],
    ['a byte of latin-1', { [path(legacyFile)]: Buffer.from(`# größer\n${legacy}`, 'latin1') }],
    ['nothing at all', { [path(legacyFile)]: '' }],
    ['blanks only', { [path(legacyFile)]: '\n\n' }],
    ['no rule set of nft', { [path('nft-ruleset.json')]: null }],
    ['a rule set of nft that is cut', { [path('nft-ruleset.json')]: (text: string) => text.slice(0, 2000) }],
    ['an empty file for the rule set of nft', { [path('nft-ruleset.json')]: '' }],
    [
      'no iptables of nft beside legacy ones',
      { [path('iptables-nft-save.txt')]: null, [path(legacyFile)]: legacy.replace('DROP', 'ACCEPT') },
    ],
    ['no routing rules', { [path('ip-rule.json')]: null }],
    ['an empty file for the routing rules', { [path('ip-rule.json')]: '' }],
    ['an empty list of routing rules', { [path('ip-rule.json')]: '[]' }],
    ['virtual servers that could not be read', recordedGap(path('proc-net-ip_vs.txt'), 'needs root')],
  ]
  test.each(unread)('%s: what happens to the packet is not known', async (_, changes) => {
    const diagnosis = await judged(changes)
    expect(diagnosis.verdict).toBe('inconclusive')
    for (const id of ['translation/dnat-present', 'forwarding/forward-drop'])
      expect(statusOf(diagnosis, id, 'controller-0')).toEqual(['unknown'])
  })

  test('no file of legacy tables beside readable tables of nft means that there are none', async () => {
    expect((await judged({})).verdict).toBe('reachable')
  })
})

describe.each([
  ['lan-healthy', 'controller-0'],
  ['hard-way-healthy', 'controller-0'],
])('of %s the rules of nft were not read on any node', (name, node) => {
  const unread = Object.fromEntries(
    ['controller-0', 'controller-1', 'worker-0', 'worker-1'].map((one) => [`nodes/${one}/nft-ruleset.json`, null]),
  )
  const dropping = (text: string): string => text.replace('-A FORWARD ', '-A FORWARD -j DROP\n-A FORWARD ')
  const forward = ({ findings }: Diagnosis) =>
    findings.filter(({ id, subject }) => id === 'forwarding/forward-drop' && subject === `node/${node}`)

  test('a drop that iptables shows is a cause all the same', async () => {
    const evidence = await variant(name, { ...unread, [`nodes/${node}/iptables-nft-save.txt`]: dropping })
    const diagnosis = diagnosisOf(evidence, '10.240.0.100:80')
    expect(diagnosis.verdict).toBe('unreachable')
    expect(diagnosis.causes.map(({ id }) => id)).toEqual(['forwarding/forward-drop'])
    expect(forward(diagnosis).map(({ status }) => status)).toEqual(['fail'])
  })

  test('without one nobody says that none is there', async () => {
    const diagnosis = diagnosisOf(await variant(name, unread), '10.240.0.100:80')
    expect(diagnosis.verdict).toBe('inconclusive')
    expect(forward(diagnosis).map(({ status }) => status)).toEqual(['unknown'])
  })
})

test('a drop behind a rule that is not known is not certain, on the node of a pod either', async () => {
  const unknownThenDrop = (text: string) =>
    text.replace(/(\*filter[^*]*?)(\n-A|\nCOMMIT)/, '$1\n-A FORWARD -m bpf --bytecode "1,6 0 0 0" -j DROP$2')
  const changes = Object.fromEntries(
    ['worker-0', 'worker-1'].map((node) => [`nodes/${node}/iptables-nft-save.txt`, unknownThenDrop]),
  )
  const { verdict, findings } = diagnosisOf(await variant('lan-healthy', changes), '10.240.0.100:80')
  expect(verdict).toBe('inconclusive')
  expect(findings.filter(({ id }) => id === 'forwarding/forward-drop').map(({ status }) => status)).toEqual(['unknown'])
})

test('without the listing of virtual servers nobody says that IPVS translates nothing', async () => {
  const gone = Object.fromEntries(
    ['worker-0', 'worker-1', 'controller-0', 'controller-1', 'controller-2'].flatMap((node) => [
      [`nodes/${node}/proc-net-ip_vs.txt`, null],
      [`nodes/${node}/ipvsadm.txt`, null],
    ]),
  )
  expect(diagnosisOf(await variant('ipvs', gone), 'default/nginx-lb').verdict).toBe('inconclusive')
})

/** Listings that have something on every node. */
const neverEmpty: readonly NodeKindName[] = ['ipRoute', 'ipAddr', 'processes', 'sysctl', 'listen', 'proxyMode']

test.each(neverEmpty)('an empty file of %s is a gap, never the evidence that there is nothing', async (kind) => {
  const empty = ['controller-0', 'worker-0', 'worker-1'].map((node) => [nodeFile(node, kind), ''])
  const evidence = await variant('lan-healthy', Object.fromEntries(empty))
  expect(evidence.node('worker-0')[kind]).toMatchObject({ reason: 'empty, and on no node there is nothing to print' })
  expect(diagnosisOf(evidence, '10.240.0.100:80').causes).toEqual([])
})
