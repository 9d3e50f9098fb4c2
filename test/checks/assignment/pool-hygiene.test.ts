import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { diagnosisOf } from '../../kit/answers.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'assignment/pool-hygiene'

const pool = (...addresses: readonly string[]): Record<string, Change> => ({
  'kubernetes/ipaddresspools.metallb.io.json': editJson((list: Json) => {
    list.items[0].spec.addresses = ['10.240.0.100-10.240.0.110', ...addresses]
  }),
})

test('a pool apart from everything else passes', async () => {
  const passing = [['pass', 'None of the 11 addresses of pool first-pool is known to belong to something else.']]
  expect(await foundIn('lan-healthy', id)).toEqual(passing)
  expect(await foundIn('hard-way-healthy', id)).toEqual(passing)
})

test.each([
  ['lan-healthy', '10.240.0.20/32', '10.240.0.20, the address of worker-0'],
  ['lan-healthy', '10.240.0.255/32', '10.240.0.255, the broadcast address of 10.240.0.0/24'],
  ['hard-way-healthy', '10.240.0.0-10.240.0.2', '10.240.0.0, which EC2 keeps in 10.240.0.0/24'],
  ['hard-way-healthy', '10.200.2.0/28', '10.200.2.0/28 of the pods of worker-0'],
  ['hard-way-healthy', '10.32.0.0/28', '10.32.0.1, the ClusterIP of default/kubernetes'],
])('%s with %s holds %s', async (name, addresses, says) => {
  const [first] = found(await variant(name, pool(addresses)), id)
  expect(first).toEqual(['warn', expect.stringContaining(says)])
})

test('the gateway is known from the nodes’ routes', async () => {
  const evidence = await variant('lan-healthy', {
    ...pool('10.240.0.1/32'),
    'nodes/worker-0/ip-route.json': editJson((routes: Json) => {
      routes.push({ dst: 'default', gateway: '10.240.0.1', dev: 'eth0', flags: [] })
    }),
  })
  expect(found(evidence, id)).toEqual([
    ['warn', expect.stringContaining('Pool first-pool holds 10.240.0.1, the gateway of the nodes.')],
  ])
})

test('a Service that asks for an address which leaves the pool asks no longer, else it would get none', async () => {
  const evidence = await variant('lan-healthy', {
    ...pool('10.240.0.20/32'),
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.name === 'nginx-lb') {
          metadata.annotations = { ...metadata.annotations, 'metallb.io/loadBalancerIPs': '10.240.0.20' }
          spec.loadBalancerIP = '10.240.0.20'
        }
    }),
  })
  const finding = diagnosisOf(evidence, 'default/nginx-lb').findings.find((one) => one.id === id)
  expect(finding?.fix?.commands).toEqual([
    'kubectl -n default annotate service nginx-lb metallb.io/loadBalancerIPs-',
    `kubectl -n default patch service nginx-lb --type merge -p '{"spec":{"loadBalancerIP":null}}'`,
    `kubectl -n metallb-system patch ipaddresspools.metallb.io first-pool --type merge -p '{"spec":{"addresses":["10.240.0.100-10.240.0.110"]}}'`,
  ])
  expect(finding?.fix?.changes).toContain('the address of default/nginx-lb.')
})
