import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../answers.ts'
import { editJson, variant, type Json } from '../../fixtures.ts'
import { found, foundIn } from '../found.ts'

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

test.each([
  ['requires two families', 'RequireDualStack', [], 'warn'],
  ['prefers two, and MetalLB failed at the second', 'PreferDualStack', ['no suitable pool for ipv6 IPFamily'], 'warn'],
  ['prefers two, in a cluster whose pools have one', 'PreferDualStack', [], 'pass'],
] as const)('a Service with one address that %s', async (_, policy, messages, status) => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.name === 'nginx-lb') Object.assign(spec, { ipFamilyPolicy: policy, ipFamilies: ['IPv4', 'IPv6'] })
    }),
    'kubernetes/events.json': editJson((list: Json) => {
      for (const message of messages)
        list.items.push({
          metadata: { name: 'nginx-lb.1', namespace: 'default' },
          reason: 'AdditionalAssignFailed',
          message,
          involvedObject: { kind: 'Service', namespace: 'default', name: 'nginx-lb' },
        })
    }),
  })
  const says = 'Service default/nginx-lb wants addresses of IPv4 and IPv6, and has none of IPv6'
  const told = messages.map((message) => ` ("${message}")`).join('')
  expect(found(evidence, id)).toEqual([[status, status === 'pass' ? expect.anything() : `${says}${told}.`]])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})
