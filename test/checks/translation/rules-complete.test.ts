import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { fixture, fixtureNames, madeNames, variant } from '../../kit/fixtures.ts'
import { ruleCounts } from '../../../src/node/rule-count.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/rules-complete'
const rules = 'nodes/controller-0/iptables-nft-save.txt'

test('in every recording each node has as many rules as its kube-proxy wrote', async () => {
  let compared = 0
  for (const name of fixtureNames) {
    const evidence = await fixture(name)
    for (const node of evidence.nodeNames)
      for (const family of [4, 6] as const)
        for (const { table, written, found: there } of ruleCounts(evidence.node(node), family)) {
          expect([name, node, family, table, there]).toEqual([name, node, family, table, written])
          compared += 1
        }
  }
  expect(compared).toBeGreaterThan(400)
})

test.each(['hard-way-healthy', 'iptables-legacy'])('%s: the rules are whole', async (name) => {
  expect(await foundIn(name, id)).toEqual([
    ['pass', 'controller-0 has as many rules of kube-proxy as kube-proxy wrote there.'],
  ])
})

test.each(['nftables', 'ipvs', 'kube-proxy-1.29-iptables'])('%s: kube-proxy does not say', async (name) => {
  expect((await foundIn(name, id))[0]?.[0]).toBe('skipped')
})

test('rules that somebody took away are missed', async () => {
  const evidence = await variant('hard-way-healthy', {
    [rules]: (text) => text.replaceAll(/.*-A KUBE-NODEPORTS .*\n/g, ''),
  })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        /^controller-0 has \d+ rules in table nat where kube-proxy wrote \d+: rules were taken away since, or the rules were read during a change\.$/,
      ),
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('left-over rules are seen', async () => {
  const evidence = await variant('hard-way-healthy', {
    [rules]: (text) => text.replace(/(.*-A KUBE-MARK-MASQ .*\n)/, '$1$1'),
  })
  expect(found(evidence, id)[0]?.[1]).toContain('rules are left over or were added since')
})

test('an IPv6 VIP is judged by the IPv6 rules', async () => {
  expect((await foundIn('lan-ipv6', id, 'default/web-six'))[0]?.[0]).toBe('pass')
})

test('chains of the network policies inside k3s are none of kube-proxy’s', async () => {
  for (const name of madeNames.filter((one) => one.startsWith('k3s-'))) {
    const counts = ruleCounts((await fixture(name)).node('controller-0'), 4)
    expect(counts.map(({ table }) => table)).toEqual(['filter', 'nat'])
    for (const { written, found: there } of counts) expect(there).toBe(written)
  }
})
