import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { variant } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'translation/dnat-stale-endpoint'
const rules = 'nodes/controller-0/iptables-nft-save.txt'

test.each(['hard-way-healthy', 'ipvs', 'nftables', 'iptables-legacy', 'kube-proxy-1.23-iptables'])(
  '%s: every target of the rules is a listed endpoint',
  async (name) => {
    expect(await foundIn(name, id)).toEqual([['pass', expect.stringMatching(/sends to listed endpoints only\.$/)]])
  },
)

test('rules that lead to pods of long ago are a cause', async () => {
  const evidence = await variant('hard-way-healthy', {
    [rules]: (text) =>
      text
        .replace('destination 10.200.2.2:80', 'destination 10.200.2.77:80')
        .replace('destination 10.200.3.3:80', 'destination 10.200.3.78:80'),
  })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.status, causes[0]?.says]).toEqual([
    'unreachable',
    id,
    'fail',
    'controller-0 translates to 10.200.2.77:80, which is no endpoint of the Service any more.',
  ])
  expect(causes[0]?.fix?.commands).toEqual(['ssh controller-0 sudo systemctl restart kube-proxy'])
  // The rule that decided, not what the packet met behind it.
  expect(causes[0]?.proof[0]?.value).toEqual(
    expect.stringMatching(/^(\[\d+:\d+\] )?-A KUBE-SEP-\w+ .*-j DNAT --to-destination 10\.200\.2\.77:80$/),
  )
})

test('of two endpoints one that is gone loses a part of the connections', async () => {
  const evidence = await variant('hard-way-healthy', {
    [rules]: (text) => text.replace('destination 10.200.2.2:80', 'destination 10.200.2.77:80'),
  })
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes.length]).toEqual(['inconclusive', 0])
  expect(found(evidence, id)).toEqual([
    ['warn', expect.stringMatching(/^For a part of the connections: controller-0 translates to 10\.200\.2\.77:80/)],
  ])
})

test('an address that another pod has now may still answer', async () => {
  const evidence = await variant('hard-way-healthy', {
    [rules]: (text) => text.replace('destination 10.200.2.2:80', 'destination 10.200.3.2:80'),
  })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      expect.stringMatching(
        /which is no endpoint of the Service any more; pod metallb-system\/\S+ has that address now\.$/,
      ),
    ],
  ])
})

test('without EndpointSlices nothing is said', async () => {
  const evidence = await variant('hard-way-healthy', { 'kubernetes/endpointslices.discovery.k8s.io.json': null })
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
})
