import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseCidrOrAddress, rangeText, type Range } from '../../../src/net/range.ts'
import { judgeAcl, type AclPart, type Crossing } from '../../../src/fabric/ec2/network-acls.ts'
import type { Json } from '../../kit/fixtures.ts'
import { entry } from './edits.ts'

const range = (text: string): Range => {
  const parsed = parseCidrOrAddress(text)
  if (parsed === null) throw new Error(text)
  return { family: parsed.family, first: parsed.first, last: parsed.last }
}
const crossing = (peers: string, first: number, last = first, protocol = 6): Crossing => ({
  protocol,
  peers: [range(peers)],
  ports: { first, last },
})
const shown = (parts: readonly AclPart[]) =>
  parts.map(
    ({ peers, ports, entry: by }) =>
      `${rangeText(peers)} ${String(ports.first)}-${String(ports.last)} ${String(by?.entry.RuleNumber ?? 'no rule')}`,
  )
const judge = (entries: Json[], asked: Crossing, egress = false) => {
  const { allowed, denied } = judgeAcl({ Entries: entries }, egress, asked)
  return { allowed: shown(allowed), denied: shown(denied) }
}
const allow = (part: Partial<Parameters<typeof entry>[0]> & { number: number }): Json =>
  entry({ action: 'allow', ...part })
const deny = (part: Partial<Parameters<typeof entry>[0]> & { number: number }): Json =>
  entry({ action: 'deny', ...part })

describe('an ACL', () => {
  test.each<[string, Json[], Crossing, { allowed: string[]; denied: string[] }]>([
    ['without entries refuses', [], crossing('10.1.0.1', 80), { allowed: [], denied: ['10.1.0.1 80-80 no rule'] }],
    [
      'allows by -1',
      [allow({ number: 100 })],
      crossing('10.1.0.1', 80),
      { allowed: ['10.1.0.1 80-80 100'], denied: [] },
    ],
    [
      'goes by numbers, not by the order of the answer',
      [allow({ number: 100 }), deny({ number: 90, port: 80 })],
      crossing('10.1.0.1', 80),
      { allowed: [], denied: ['10.1.0.1 80-80 90'] },
    ],
    [
      'stops at the first entry that matches',
      [allow({ number: 80, port: 80 }), deny({ number: 90, port: 80 })],
      crossing('10.1.0.1', 80),
      { allowed: ['10.1.0.1 80-80 80'], denied: [] },
    ],
    [
      'ignores entries of the other direction',
      [allow({ number: 100, egress: true })],
      crossing('10.1.0.1', 80),
      { allowed: [], denied: ['10.1.0.1 80-80 no rule'] },
    ],
    [
      'ignores other protocols',
      [deny({ number: 90, protocol: '17', port: 80 }), allow({ number: 100 })],
      crossing('10.1.0.1', 80),
      { allowed: ['10.1.0.1 80-80 100'], denied: [] },
    ],
    [
      'ignores the other family',
      [{ ...deny({ number: 90 }), CidrBlock: undefined, Ipv6CidrBlock: '::/0' }, allow({ number: 100 })],
      crossing('10.1.0.1', 80),
      { allowed: ['10.1.0.1 80-80 100'], denied: [] },
    ],
    [
      'cuts a range of ports',
      [allow({ number: 100, port: 49152, to: 65535 })],
      crossing('10.1.0.1', 32768, 60999),
      { allowed: ['10.1.0.1 49152-60999 100'], denied: ['10.1.0.1 32768-49151 no rule'] },
    ],
    [
      'cuts a hole out of the middle, in addresses and in ports',
      [deny({ number: 90, port: 90, to: 94, cidr: '10.1.0.64/26' }), allow({ number: 100 })],
      crossing('10.1.0.0/24', 80, 100),
      {
        allowed: [
          '10.1.0.0/26 80-100 100',
          '10.1.0.128/25 80-100 100',
          '10.1.0.64/26 80-89 100',
          '10.1.0.64/26 95-100 100',
        ],
        denied: ['10.1.0.64/26 90-94 90'],
      },
    ],
    [
      'names the last rule',
      [deny({ number: 32767 })],
      crossing('10.1.0.1', 80),
      { allowed: [], denied: ['10.1.0.1 80-80 32767'] },
    ],
    [
      'has ports for tcp and udp only',
      [{ ...allow({ number: 100, protocol: '1' }), IcmpTypeCode: { Type: 3, Code: 4 } }],
      { ...crossing('10.1.0.1', 0, 0, 1), icmp: { type: 3, code: 4 } },
      { allowed: ['10.1.0.1 0-0 100'], denied: [] },
    ],
  ])('%s', (_name, entries, asked, expected) => {
    expect(judge(entries, asked)).toEqual(expected)
  })
})

const drawn = fc.record({
  number: fc.integer({ min: 1, max: 9 }),
  action: fc.constantFrom('allow' as const, 'deny' as const),
  port: fc.integer({ min: 0, max: 20 }),
  width: fc.integer({ min: 0, max: 8 }),
  host: fc.integer({ min: 0, max: 15 }),
  length: fc.integer({ min: 28, max: 32 }),
})

/** The same by looking at every packet alone. */
function oracle(entries: readonly Json[], host: number, port: number): boolean {
  const sorted = [...entries].sort((one, other) => one.RuleNumber - other.RuleNumber)
  const hit = sorted.find(({ CidrBlock, PortRange }) => {
    const cidr = range(String(CidrBlock))
    const value = range(`10.1.0.${String(host)}`).first
    return cidr.first <= value && value <= cidr.last && PortRange.From <= port && port <= PortRange.To
  })
  return hit?.RuleAction === 'allow'
}

test('interval arithmetic agrees with every single packet', () => {
  const entries = fc.uniqueArray(drawn, { maxLength: 6, selector: ({ number }) => number })
  fc.assert(
    fc.property(entries, (list) => {
      const acl = list.map(({ number, action, port, width, host, length }) =>
        entry({
          number,
          action,
          protocol: '6',
          port,
          to: port + width,
          cidr: `10.1.0.${String(host)}/${String(length)}`,
        }),
      )
      const { allowed, denied } = judgeAcl({ Entries: acl }, false, crossing('10.1.0.0/28', 0, 25))
      for (let host = 0; host < 16; host += 1)
        for (let port = 0; port <= 25; port += 1) {
          const value = range(`10.1.0.${String(host)}`).first
          const inside = ({ peers, ports }: AclPart) =>
            peers.first <= value && value <= peers.last && ports.first <= port && port <= ports.last
          const hits = [allowed.filter(inside).length, denied.filter(inside).length]
          expect(hits).toEqual(oracle(acl, host, port) ? [1, 0] : [0, 1])
        }
    }),
    { numRuns: 60 },
  )
})

test('the order of numbers matters', () => {
  const [first, second] = [allow({ number: 1 }), deny({ number: 2 })]
  expect(judge([first, second], crossing('10.1.0.1', 80)).denied).toEqual([])
  const turned = [
    { ...first, RuleNumber: 2 },
    { ...second, RuleNumber: 1 },
  ]
  expect(judge(turned, crossing('10.1.0.1', 80)).allowed).toEqual([])
})
