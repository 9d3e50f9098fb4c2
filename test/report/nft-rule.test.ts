import { expect, test } from '@jest/globals'
import { nftRuleText } from '../../src/report/nft-rule.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { fixture, fixtureNames } from '../kit/fixtures.ts'

const daddr = { payload: { protocol: 'ip', field: 'daddr' } }
const mark = { meta: { key: 'mark' } }

test.each([
  [
    'a jump behind a state',
    [{ match: { op: 'in', left: { ct: { key: 'state' } }, right: 'new' } }, { jump: { target: 'firewall-check' } }],
    'ct state new jump firewall-check',
  ],
  [
    'a verdict map by name',
    [
      {
        vmap: {
          key: { concat: [daddr, { meta: { key: 'l4proto' } }, { payload: { protocol: 'th', field: 'dport' } }] },
          data: '@service-ips',
        },
      },
    ],
    'ip daddr . meta l4proto . th dport vmap @service-ips',
  ],
  [
    'a choice by chance',
    [
      {
        vmap: {
          key: { numgen: { mode: 'random', mod: 2, offset: 0 } },
          data: {
            set: [
              [0, { goto: { target: 'one' } }],
              [1, { goto: { target: 'other' } }],
            ],
          },
        },
      },
    ],
    'numgen random mod 2 vmap { 0 : goto one, 1 : goto other }',
  ],
  [
    'a translation',
    [
      { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'tcp' } },
      { dnat: { addr: '10.200.2.2', port: 80 } },
    ],
    'meta l4proto tcp dnat to 10.200.2.2:80',
  ],
  [
    'a translation to one of several by chance',
    [
      {
        dnat: {
          family: 'ip',
          addr: {
            map: {
              key: { numgen: { mode: 'random', mod: 2, offset: 0 } },
              data: {
                set: [
                  [0, { concat: ['10.200.2.2', 80] }],
                  [1, { concat: ['10.200.2.3', 80] }],
                ],
              },
            },
          },
        },
      },
    ],
    'dnat ip addr . port to numgen random mod 2 map { 0 : 10.200.2.2 . 80, 1 : 10.200.2.3 . 80 }',
  ],
  [
    'a set of ranges',
    [
      {
        match: {
          op: '!=',
          left: daddr,
          right: { set: [{ prefix: { addr: '10.0.0.0', len: 8 } }, { range: ['1.1.1.1', '1.1.1.9'] }] },
        },
      },
      { drop: null },
    ],
    'ip daddr != { 10.0.0.0/8, 1.1.1.1-1.1.1.9 } drop',
  ],
  ['a mark', [{ mangle: { key: mark, value: { '|': [mark, 16384] } } }], 'mark set mark | 0x4000'],
  [
    'the end of a masquerade',
    [{ match: { op: '==', left: { '&': [mark, 16384] }, right: 0 } }, { return: null }],
    'mark & 0x4000 0 return',
  ],
  [
    'a local address',
    [
      { match: { op: '==', left: { fib: { result: 'type', flags: ['daddr'] } }, right: 'local' } },
      { masquerade: { flags: 'fully-random' } },
    ],
    'fib daddr type local masquerade fully-random',
  ],
  ['a refusal', [{ reject: { type: 'icmp', expr: 'port-unreachable' } }], 'reject with icmp port-unreachable'],
  ['what is not known', [{ quota: { val: 1 } }, { accept: null }], '{"quota":{"val":1}} accept'],
])('%s reads as nft prints it', (_, expressions, text) => {
  expect(nftRuleText(JSON.stringify(expressions))).toBe(text)
})

test('what is no rule stays as it is', () => {
  for (const text of ['Reject traffic to invalid ports of ClusterIPs', '[{"jump":', '[]'])
    expect(nftRuleText(text)).toBe(text)
})

test('every rule of kube-proxy’s own tables is told without JSON', async () => {
  for (const name of fixtureNames.filter((one) => one.includes('nftables'))) {
    const { nftRuleset } = (await fixture(name)).node('worker-0')
    if (isGap(nftRuleset)) throw new Error(nftRuleset.reason)
    const rules = nftRuleset.tables
      .filter((table) => table.name === 'kube-proxy')
      .flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules))
    expect(rules.length).toBeGreaterThan(20)
    for (const { expressions } of rules)
      expect(nftRuleText(JSON.stringify(expressions))).not.toMatch(/"|undefined|\[|\]/)
  }
})
