import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Evidence } from '../../../src/evidence/evidence.ts'

import { parseCidr, parseCidrOrAddress, rangeText, type Range } from '../../../src/net/range.ts'
import { within, without } from '../../../src/net/range-set.ts'
import { judgeGroups, type Flow } from '../../../src/fabric/ec2/security-groups.ts'
import type { Json } from '../../kit/fixtures.ts'
import { account } from './account.ts'

const range = (text: string): Range => {
  const parsed = parseCidrOrAddress(text)
  if (parsed === null) throw new Error(text)
  return { family: parsed.family, first: parsed.first, last: parsed.last }
}
const rule = (part: Json): Json => ({ GroupId: 'sg-1', IsEgress: false, FromPort: -1, ToPort: -1, ...part })
const tcp = (from: number, to: number, peer: Json): Json =>
  rule({ IpProtocol: 'tcp', FromPort: from, ToPort: to, ...peer })
const flow = (peers: string, part: Partial<Flow> = {}): Flow => ({
  protocol: 6,
  port: 80,
  peers: [range(peers)],
  groupsKnown: true,
  ...part,
})

const world = (rules: Json[], more: Parameters<typeof account>[0] = {}): Evidence =>
  account({
    rules,
    groups: [{ GroupId: 'sg-1' }, { GroupId: 'sg-2' }],
    enis: [
      { id: 'eni-a', addresses: ['10.0.0.10', '10.0.0.11'], groups: ['sg-2'] },
      { id: 'eni-b', addresses: ['10.0.0.20'], groups: ['sg-1'] },
    ],
    ...more,
  })

const answer = (evidence: Evidence, asked: Flow, direction: 'ingress' | 'egress' = 'ingress') =>
  judgeGroups(evidence, ['sg-1'], 'vpc-1', direction, asked).answer

const any4 = { CidrIpv4: '0.0.0.0/0' }
const any6 = { CidrIpv6: '::/0' }

describe('one rule', () => {
  test.each<[string, Json[], Flow, string]>([
    ['no rule refuses', [], flow('10.0.0.10'), 'none'],
    [
      'a rule of the other direction does not admit',
      [tcp(80, 80, { ...any4, IsEgress: true })],
      flow('10.0.0.10'),
      'none',
    ],
    ['a port matches', [tcp(80, 80, any4)], flow('10.0.0.10'), 'all'],
    ['a port range matches at its ends', [tcp(1, 80, any4)], flow('10.0.0.10'), 'all'],
    ['a port outside does not', [tcp(81, 65535, any4)], flow('10.0.0.10'), 'none'],
    ['the NodePort is not the Service port', [tcp(30080, 30080, any4)], flow('10.0.0.10'), 'none'],
    ['-1 admits every protocol and port', [rule({ IpProtocol: '-1', ...any4 })], flow('10.0.0.10'), 'all'],
    ['udp is not tcp', [rule({ IpProtocol: 'udp', FromPort: 80, ToPort: 80, ...any4 })], flow('10.0.0.10'), 'none'],
    ['a protocol by number', [rule({ IpProtocol: '6', FromPort: 80, ToPort: 80, ...any4 })], flow('10.0.0.10'), 'all'],
    ['IPIP has no ports', [rule({ IpProtocol: '4', ...any4 })], flow('10.0.0.10', { protocol: 4, port: null }), 'all'],
    [
      'SCTP by number has none either',
      [rule({ IpProtocol: '132', ...any4 })],
      flow('10.0.0.10', { protocol: 132 }),
      'all',
    ],
    ['an unreadable protocol matches nothing', [rule({ IpProtocol: 'quic', ...any4 })], flow('10.0.0.10'), 'none'],
    ['0.0.0.0/0 is not ::/0', [tcp(80, 80, any6)], flow('10.0.0.10'), 'none'],
    ['::/0 admits IPv6', [tcp(80, 80, any6)], flow('2001:db8::1'), 'all'],
    ['0.0.0.0/0 does not admit IPv6', [tcp(80, 80, any4)], flow('2001:db8::1'), 'none'],
    ['a /32 admits its address', [tcp(80, 80, { CidrIpv4: '10.0.0.10/32' })], flow('10.0.0.10'), 'all'],
    ['and no other', [tcp(80, 80, { CidrIpv4: '10.0.0.10/32' })], flow('10.0.0.11'), 'none'],
    ['a /31 admits two', [tcp(80, 80, { CidrIpv4: '10.0.0.10/31' })], flow('10.0.0.10/31'), 'all'],
    ['half of the client', [tcp(80, 80, { CidrIpv4: '10.0.0.0/25' })], flow('10.0.0.0/24'), 'some'],
    [
      'two halves',
      [tcp(80, 80, { CidrIpv4: '10.0.0.0/25' }), tcp(80, 80, { CidrIpv4: '10.0.0.128/25' })],
      flow('10.0.0.0/24'),
      'all',
    ],
    ['a member of the group', [tcp(80, 80, { ReferencedGroupInfo: { GroupId: 'sg-2' } })], flow('10.0.0.11'), 'all'],
    [
      'an address that nobody holds',
      [tcp(80, 80, { ReferencedGroupInfo: { GroupId: 'sg-2' } })],
      flow('10.0.0.12'),
      'none',
    ],
    [
      'a member of another group',
      [tcp(80, 80, { ReferencedGroupInfo: { GroupId: 'sg-2' } })],
      flow('10.0.0.20'),
      'none',
    ],
    [
      'a host whose group is not known',
      [tcp(80, 80, { ReferencedGroupInfo: { GroupId: 'sg-2' } })],
      flow('10.0.0.128/25', { groupsKnown: false }),
      'unknown',
    ],
    [
      'a pod behind a member',
      [tcp(80, 80, { ReferencedGroupInfo: { GroupId: 'sg-2' } })],
      flow('10.200.0.5', { senderGroups: ['sg-2'] }),
      'unknown',
    ],
    [
      'a pod behind a stranger',
      [tcp(80, 80, { ReferencedGroupInfo: { GroupId: 'sg-2' } })],
      flow('10.200.0.5', { senderGroups: ['sg-9'] }),
      'none',
    ],
    [
      'a group of a peered VPC',
      [tcp(80, 80, { ReferencedGroupInfo: { GroupId: 'sg-9', VpcId: 'vpc-9' } })],
      flow('10.9.0.1'),
      'unknown',
    ],
    ['a prefix list that was read', [tcp(80, 80, { PrefixListId: 'pl-1' })], flow('192.0.2.9'), 'all'],
    ['one that was read and does not fit', [tcp(80, 80, { PrefixListId: 'pl-1' })], flow('10.0.0.9'), 'none'],
    ['one that was not read', [tcp(80, 80, { PrefixListId: 'pl-2' })], flow('10.0.0.9'), 'unknown'],
    [
      'ICMP of any type',
      [rule({ IpProtocol: 'icmp', ...any4 })],
      flow('10.0.0.9', { protocol: 1, port: null, icmp: { type: 3, code: 4 } }),
      'all',
    ],
    [
      'ICMP of this type and code',
      [rule({ IpProtocol: 'icmp', FromPort: 3, ToPort: 4, ...any4 })],
      flow('10.0.0.9', { protocol: 1, port: null, icmp: { type: 3, code: 4 } }),
      'all',
    ],
    [
      'ICMP of this type and any code',
      [rule({ IpProtocol: 'icmp', FromPort: 3, ToPort: -1, ...any4 })],
      flow('10.0.0.9', { protocol: 1, port: null, icmp: { type: 3, code: 4 } }),
      'all',
    ],
    [
      'ICMP of another type',
      [rule({ IpProtocol: 'icmp', FromPort: 8, ToPort: -1, ...any4 })],
      flow('10.0.0.9', { protocol: 1, port: null, icmp: { type: 3, code: 4 } }),
      'none',
    ],
  ])('%s', (_name, rules, asked, expected) => {
    const evidence = world(rules, { prefixLists: { 'pl-1': ['192.0.2.0/24'] } })
    expect(answer(evidence, asked)).toBe(expected)
  })

  test('several groups are one set of rules, and one that was not read is a gap', () => {
    const evidence = world([tcp(80, 80, { ...any4, GroupId: 'sg-2' })])
    const judge = (groups: string[]) => judgeGroups(evidence, groups, 'vpc-1', 'ingress', flow('10.0.0.9')).answer
    expect(judge(['sg-1', 'sg-2'])).toBe('all')
    expect(judge(['sg-1'])).toBe('none')
    expect(judge(['sg-1', 'sg-gone'])).toBe('unknown')
    expect(judge([])).toBe('none')
  })

  test('DescribeSecurityGroups says the same as DescribeSecurityGroupRules', () => {
    const permissions = [
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: 'sg-2' }] },
      {
        IpProtocol: 'tcp',
        FromPort: 80,
        ToPort: 80,
        IpRanges: [{ CidrIp: '10.1.0.0/16' }],
        Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }],
      },
    ]
    const evidence = world([], { rules: null, groups: [{ GroupId: 'sg-1', IpPermissions: permissions }] })
    expect(answer(evidence, flow('10.1.2.3'))).toBe('all')
    expect(answer(evidence, flow('2001:db8::5'))).toBe('all')
    expect(answer(evidence, flow('10.0.0.10', { port: 9999 }))).toBe('all')
    expect(answer(evidence, flow('10.0.0.20', { port: 9999 }))).toBe('none')
  })
})

const cidrs = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 20, max: 32 }))
  .map(([host, length]) => `10.0.0.${String(host)}/${String(length)}`)
const anyRule = fc.record({
  protocol: fc.constantFrom('tcp', 'udp', '-1', '6'),
  from: fc.integer({ min: 70, max: 90 }),
  width: fc.integer({ min: 0, max: 10 }),
  peer: fc.oneof(
    cidrs.map((text): Json => ({ CidrIpv4: parseCidr(text)?.text })),
    fc.constantFrom<Json>(
      { ReferencedGroupInfo: { GroupId: 'sg-2' } },
      { PrefixListId: 'pl-1' },
      { PrefixListId: 'pl-2' },
    ),
  ),
})
const rulesOf = (drawn: readonly { protocol: string; from: number; width: number; peer: Json }[]) =>
  drawn.map(({ protocol, from, width, peer }) =>
    rule({ IpProtocol: protocol, FromPort: from, ToPort: from + width, ...peer }),
  )
const judged = (rules: Json[], peers: string, groupsKnown: boolean) =>
  judgeGroups(
    world(rules, { prefixLists: { 'pl-1': ['10.0.0.0/26'] } }),
    ['sg-1'],
    'vpc-1',
    'ingress',
    flow(peers, { groupsKnown }),
  )

describe('whatever the rules', () => {
  test('the order means nothing', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 6 }), cidrs, fc.boolean(), (drawn, peers, groupsKnown) => {
        const rules = rulesOf(drawn)
        const one = judged(rules, peers, groupsKnown)
        const other = judged([...rules].reverse(), peers, groupsKnown)
        expect(other.answer).toBe(one.answer)
        expect(other.admitted.map(rangeText)).toEqual(one.admitted.map(rangeText))
      }),
    )
  })

  test('a rule more never takes away what was admitted', () => {
    fc.assert(
      fc.property(
        fc.array(anyRule, { maxLength: 5 }),
        anyRule,
        cidrs,
        fc.boolean(),
        (drawn, added, peers, groupsKnown) => {
          const before = judged(rulesOf(drawn), peers, groupsKnown)
          const after = judged(rulesOf([...drawn, added]), peers, groupsKnown)
          expect(without(before.admitted, after.admitted)).toEqual([])
          expect(without(after.refused, before.refused)).toEqual([])
        },
      ),
    )
  })

  test('admitted, open and refused part the client between them', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 6 }), cidrs, fc.boolean(), (drawn, peers, groupsKnown) => {
        const { admitted, open, refused } = judged(rulesOf(drawn), peers, groupsKnown)
        const whole = range(peers)
        expect(without([whole], [...admitted, ...open, ...refused])).toEqual([])
        for (const [one, others] of [
          [admitted, [...open, ...refused]],
          [open, refused],
        ] as const)
          for (const part of one) expect(within(others, part)).toEqual([])
      }),
    )
  })

  test('evidence less never makes a pass of a refusal or of a doubt', () => {
    const files = ['rules', 'groups', 'enis'] as const
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 5 }), cidrs, fc.subarray([...files]), (drawn, peers, gone) => {
        const whole = judged(rulesOf(drawn), peers, true)
        const left = world(rulesOf(drawn), { prefixLists: {}, ...Object.fromEntries(gone.map((name) => [name, null])) })
        const less = judgeGroups(left, ['sg-1'], 'vpc-1', 'ingress', flow(peers))
        if (whole.answer !== 'all') expect(less.answer).not.toBe('all')
      }),
    )
  })
})
