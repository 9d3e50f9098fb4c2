import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/jump-missing'
const rules = 'nodes/controller-0/iptables-nft-save.txt'
const without = (...jumps: readonly RegExp[]) =>
  variant('hard-way-healthy', {
    [rules]: (text) => jumps.reduce((rest, jump) => rest.replace(jump, ''), text),
  })
const prerouting = /.*-A PREROUTING .*-j KUBE-SERVICES\n/
const output = /.*-A OUTPUT -m comment .*service portals" -j KUBE-SERVICES\n/
const postrouting = /.*-A POSTROUTING .*-j KUBE-POSTROUTING\n/
const forward = /.*-A FORWARD .*-j KUBE-FORWARD\n/

test.each(['hard-way-healthy', 'iptables-legacy', 'nftables', 'ipvs', 'kube-proxy-1.23-iptables'])(
  '%s: the hooks lead to the chains',
  async (name) => {
    expect(await foundIn(name, id)).toEqual([
      ['pass', expect.stringMatching(/^The hooks of \S+ lead to kube-proxy’s chains\.$/)],
    ])
  },
)

test('flushed built-in chains are the cause of what they cause', async () => {
  const { verdict, causes } = diagnosisOf(await without(prerouting, postrouting), 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.status, causes[0]?.says]).toEqual([
    'unreachable',
    id,
    'fail',
    'On controller-0 no rule leads from PREROUTING of table nat to KUBE-SERVICES and POSTROUTING of table nat to KUBE-POSTROUTING: kube-proxy’s rules are there, and no packet meets them.',
  ])
  expect(causes[0]?.consequences.map((one) => one.id)).toContain('translation/dnat-present')
})

test('without the jump of POSTROUTING the answers go astray', async () => {
  const { causes } = diagnosisOf(await without(postrouting), 'default/nginx-lb')
  expect(causes[0]?.id).toBe(id)
  expect(causes[0]?.consequences.map((one) => one.id)).toEqual(['return/masquerade-missing'])
})

test.each([
  ['FORWARD', forward],
  ['OUTPUT', output],
])('a missing jump of %s that this packet does not need is a warning', async (from, jump) => {
  const evidence = await without(jump)
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        new RegExp(`^On controller-0 no rule leads from ${from} .*This packet gets through without\\.$`),
      ),
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('in nftables mode the base chain must jump to services', async () => {
  const evidence = await variant('nftables', {
    'nodes/controller-0/nft-ruleset.json': editJson((ruleset: Json) => {
      ruleset.nftables = ruleset.nftables.filter(
        ({ rule }: Json) => rule?.table !== 'kube-proxy' || rule.chain !== 'nat-prerouting',
      )
    }),
  })
  expect(found(evidence, id)).toEqual([
    ['fail', expect.stringContaining('no rule leads from prerouting of table kube-proxy to services')],
  ])
})

test('an IPv6 VIP is judged by the jumps of ip6tables', async () => {
  expect((await foundIn('lan-ipv6', id, 'default/web-six'))[0]?.[0]).toBe('pass')
  const evidence = await variant('lan-ipv6', {
    'nodes/controller-0/ip6tables-nft-save.txt': (text) => text.replace(/.*-A POSTROUTING .*-j KUBE-POSTROUTING\n/, ''),
    'nodes/controller-1/ip6tables-nft-save.txt': (text) => text.replace(/.*-A POSTROUTING .*-j KUBE-POSTROUTING\n/, ''),
    'nodes/worker-0/ip6tables-nft-save.txt': (text) => text.replace(/.*-A POSTROUTING .*-j KUBE-POSTROUTING\n/, ''),
    'nodes/worker-1/ip6tables-nft-save.txt': (text) => text.replace(/.*-A POSTROUTING .*-j KUBE-POSTROUTING\n/, ''),
  })
  expect(found(evidence, id, 'default/web-six')[0]?.[1]).toContain('no rule leads from POSTROUTING of table nat')
})
