import { expect, test } from '@jest/globals'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'assignment/vip-assigned'

test('a Service with an address passes and names its pool', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([
    ['pass', "Service default/nginx-lb has the VIP 10.240.0.100, from MetalLB's pool first-pool."],
  ])
})

test.each([
  [
    'pending-no-allocator',
    'default/nginx-lb',
    /^Service default\/nginx-lb is pending because nothing allocates addresses/,
  ],
  ['pending-no-pool', 'default/nginx-lb', /^Service default\/nginx-lb is pending: it has no VIP\.$/],
  ['pending-pool-exhausted', 'default/second', /^Service default\/second is pending: it has no VIP\.$/],
])('%s is pending; why is said where no other check says it', async (name, target, says) => {
  expect(await foundIn(name, id, target)).toEqual([['fail', expect.stringMatching(says)]])
})

test('a controller that is not ready gives no address', async () => {
  const evidence = await variant('pending-no-pool', {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, status } of list.items)
        if (metadata.labels?.component === 'controller') status.conditions = []
    }),
  })
  expect(found(evidence, id)).toEqual([['fail', expect.stringContaining('no controller of MetalLB is ready')]])
})

test('a headless Service gets no VIP', async () => {
  const evidence = await variant('pending-no-pool', {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { spec } of list.items) if (spec.type === 'LoadBalancer') spec.clusterIP = 'None'
    }),
  })
  expect(found(evidence, id)).toEqual([['fail', expect.stringContaining('because it is headless')]])
})

test('a class that nothing handles is named', async () => {
  const evidence = await variant('pending-no-allocator', {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { spec } of list.items) if (spec.type === 'LoadBalancer') spec.loadBalancerClass = 'example.com/none'
    }),
  })
  expect(found(evidence, id)).toEqual([['fail', expect.stringContaining('its class is example.com/none')]])
})

test('without the pods it is not known whether MetalLB is there', async () => {
  const evidence = await variant('pending-no-allocator', {
    'kubernetes/pods.json': null,
    'kubernetes/daemonsets.apps.json': null,
    'kubernetes/deployments.apps.json': null,
  })
  expect(found(evidence, id)).toEqual([
    ['unknown', expect.stringContaining('kubernetes/pods.json: not in the evidence')],
  ])
})
