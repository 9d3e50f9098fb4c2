import { describe, expect, test } from '@jest/globals'
import { conclude, verdictOf, type Conclusion, type Surroundings } from '../../src/capture/conclude.ts'
import type { NeighbourMessage } from '../../src/capture/neighbour-message.ts'
import { address } from '../node/trace/world.ts'
import { captureTruth, knowing, messagesIn, observed } from './captures.ts'

const lanMacs = captureTruth['metallb-announce'].macs as Record<string, string>
const vpcMacs = captureTruth['vpc-unowned'].macs as Record<string, string>
const lan = knowing(lanMacs)
const vpc = knowing(vpcMacs, { fabric: 'ec2' })
const onSpeaker: Surroundings = { ...vpc, seenFrom: { node: 'controller-0' } }

const read = (capture: string, vip: string, surroundings: Surroundings) =>
  conclude(observed(messagesIn(capture), vip), surroundings)

const rows: readonly (readonly [string, string, Surroundings, Conclusion['outcome'], Conclusion['verdict'], RegExp])[] =
  [
    ['metallb-announce-client', '10.240.0.100', lan, 'announced', 'fine', /held by controller-0 .*as MetalLB does/],
    [
      'metallb-announce-speaker-node',
      '10.240.0.100',
      { ...lan, seenFrom: { node: 'controller-0' } },
      'announced',
      'fine',
      /held by controller-0/,
    ],
    [
      'metallb-announce-ndp-client',
      'fd00:240::100',
      lan,
      'announced',
      'fine',
      /held by controller-1 .*as MetalLB does/,
    ],
    ['metallb-quiet-client', '10.240.0.100', lan, 'silence-unproven', 'open', /Nobody asked for it/],
    [
      'metallb-failover-client',
      '10.240.0.105',
      lan,
      'taken-over',
      'fine',
      /went from worker-1 .* to controller-1 .*: 7\.4 s from/,
    ],
    ['metallb-failover-client', '10.240.0.100', lan, 'announced', 'fine', /held by controller-0/],
    ['kube-vip-client', '10.240.0.5', lan, 'announced', 'fine', /held by controller-0 .*every 3 s as kube-vip does/],
    [
      'kube-vip-failover-client',
      '10.240.0.5',
      lan,
      'taken-over',
      'fine',
      /went from controller-0 .* to controller-1 .*: 9\.0 s from/,
    ],
    [
      'two-announcers-client',
      '10.240.0.103',
      lan,
      'several-announcers',
      'fault',
      /worker-0 .*kube-vip does and controller-1 .*MetalLB does.*both serve it/,
    ],
    [
      'stranger-client',
      '10.240.0.100',
      lan,
      'several-announcers',
      'fault',
      /0a:58:0a:f0:00:4d is no node of this cluster/,
    ],
    [
      'silence-client',
      '10.240.0.109',
      lan,
      'unanswered',
      'fault',
      /asked for 6 times, and nobody answered\. The capture works: 10\.240\.0\.10 /,
    ],
    [
      'vpc-unowned-client',
      '10.240.0.100',
      vpc,
      'unanswered',
      'fault',
      /nobody answered\. The capture works: 10\.240\.0\.11 /,
    ],
    [
      'vpc-owned-client',
      '10.240.0.100',
      vpc,
      'answered-by-vpc',
      'fine',
      /answered for with worker-1 .*the answer comes from the VPC itself/,
    ],
    [
      'vpc-unowned-speaker-node',
      '10.240.0.100',
      onSpeaker,
      'says-nothing',
      'open',
      /leave controller-0, and in a VPC they reach nobody/,
    ],
    [
      'vpc-unowned-speaker-node',
      '10.240.0.100',
      { ...onSpeaker, ownerMac: null },
      'announced-without-owner',
      'fault',
      /no network interface of the account holds it/,
    ],
    [
      'vpc-unowned-speaker-node',
      '10.240.0.100',
      { ...onSpeaker, ownerMac: vpcMacs['worker-1'] ?? null },
      'announced',
      'fine',
      /delivers 10\.240\.0\.100 to worker-1/,
    ],
    [
      'vpc-owned-client',
      '10.240.0.100',
      { ...vpc, ownerMac: vpcMacs['worker-0'] ?? null },
      'stale-answer',
      'fault',
      /answered for with worker-1 .*, but in the account worker-0 .* holds it/,
    ],
  ]

describe('what the recorded captures mean', () => {
  test.each(rows)('%s, about %s', (capture, vip, surroundings, outcome, verdict, says) => {
    expect(read(capture, vip, surroundings)).toEqual([
      { outcome, verdict, fabric: null, says: expect.stringMatching(says) },
    ])
  })
})

test('without a fabric both readings are given, and where they differ nothing is certain', () => {
  const unknown = knowing({}, { fabric: null })
  const announced = read('metallb-announce-client', '10.240.0.100', unknown)
  expect(announced.map(({ fabric, verdict }) => [fabric, verdict])).toEqual([
    ['lan', 'fine'],
    ['ec2', 'open'],
  ])
  expect(verdictOf(announced)).toBe('open')
  const unanswered = read('silence-client', '10.240.0.109', unknown)
  expect(unanswered.map(({ fabric }) => fabric)).toEqual([null])
  expect(verdictOf(unanswered)).toBe('fault')
})

test('a node that answers on two interfaces is no conflict', () => {
  const both = knowing({}, { stationOf: (mac) => ({ node: 'worker-0', interface: mac }) })
  expect(read('stranger-client', '10.240.0.100', both)[0]).toMatchObject({
    verdict: 'fine',
    says: expect.stringMatching(/held by worker-0, which answers on 2 of its interfaces/),
  })
})

test('requests without an answer prove nothing where no other exchange shows that the capture works', () => {
  const only = messagesIn('silence-client').filter(({ about }) => about.text === '10.240.0.109')
  expect(conclude(observed(only, '10.240.0.109'), lan)[0]).toMatchObject({
    outcome: 'silence-unproven',
    verdict: 'open',
    says: expect.stringMatching(/It was asked for 6 times, and nobody answered, and no exchange/),
  })
})

test('proven silence of seven seconds speaks against kube-vip and not against MetalLB', () => {
  const control = messagesIn('silence-client').filter(({ about }) => about.text !== '10.240.0.109')
  const [conclusion] = conclude(observed(control, '10.240.0.100'), { ...lan, listenedSeconds: 10 })
  expect(conclusion).toMatchObject({ outcome: 'silence', verdict: 'open' })
  expect(conclusion?.says).toMatch(
    /kube-vip, which announces every 3 s, does not hold it here; MetalLB is silent by design/,
  )
})

test.each([
  ['silence-client', '10.240.0.109', 'silence-unproven'],
  ['metallb-announce-client', '10.240.0.100', 'announced'],
  ['metallb-failover-client', '10.240.0.105', 'taken-over'],
] as const)('%s: what messages that are cut may have said leaves the verdict open', (capture, vip, outcome) => {
  const cut = { odd: 'an ARP message of 20 bytes, cut to 34 bytes in the capture', cut: true }
  expect(conclude(observed([...messagesIn(capture), cut], vip), lan)).toMatchObject([
    {
      outcome,
      verdict: 'open',
      says: expect.stringMatching(/But of 1 message the capture has too little to know what it says/),
    },
  ])
})

test('two announcers that were seen stay a fault, whatever else was cut', () => {
  const messages = [...messagesIn('two-announcers-client'), { odd: 'a frame, cut to 10 bytes', cut: true }]
  expect(verdictOf(conclude(observed(messages, '10.240.0.103'), lan))).toBe('fault')
})

describe('on a network that floods no answers', () => {
  const macs = { 'worker-0': '02:00:00:00:00:20', 'controller-0': '02:00:00:00:00:10', client: '02:00:00:00:00:50' }
  const message = (kind: 'request' | 'reply', about: string, mac: string, ms: number): NeighbourMessage => ({
    ...{ timeNs: BigInt(ms) * 1_000_000n, kind, about: address(about), mac, asker: null, targetMac: null },
    ...{ destination: null, vlans: [], length: 60 },
  })
  // The client asks all for the VIP, and a node for its own address; the node asks another one.
  const asked = [
    message('request', '10.240.0.100', macs.client, 0),
    message('request', '10.240.0.20', macs.client, 100),
    message('reply', '10.240.0.20', macs['worker-0'], 101),
  ]
  const heardOnNode = [
    ...asked,
    message('request', '10.240.0.10', macs['worker-0'], 200),
    message('reply', '10.240.0.10', macs['controller-0'], 201),
  ]

  test.each<[string, readonly NeighbourMessage[], Surroundings, Conclusion['outcome']]>([
    [
      'a node that hears others ask',
      heardOnNode,
      knowing(macs, { seenFrom: { node: 'worker-0' } }),
      'silence-unproven',
    ],
    [
      'a node of which no MAC is known',
      heardOnNode,
      knowing({}, { seenFrom: { node: 'worker-0' } }),
      'silence-unproven',
    ],
    [
      'a node that was asked for its own address',
      asked,
      knowing({}, { seenFrom: { node: 'worker-0' } }),
      'silence-unproven',
    ],
    [
      'the same, of which the MAC is known',
      asked,
      knowing({ 'worker-0': macs['worker-0'] }, { seenFrom: { node: 'worker-0' } }),
      'silence-unproven',
    ],
    ['another host that hears others ask', heardOnNode, knowing({}), 'silence-unproven'],
    ['the host that asks, and is answered for others', asked, knowing({}), 'unanswered'],
    [
      'the node that asks',
      asked,
      knowing({ 'worker-0': macs.client }, { seenFrom: { node: 'worker-0' } }),
      'unanswered',
    ],
  ])('%s', (_, messages, surroundings, outcome) => {
    const [said] = conclude(observed(messages, '10.240.0.100'), surroundings)
    expect([said?.outcome, said?.verdict]).toEqual([outcome, outcome === 'unanswered' ? 'fault' : 'open'])
  })
})
