import { expect, test } from '@jest/globals'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
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
