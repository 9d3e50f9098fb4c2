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

const behind = (hostname: string, eni: Json) =>
  variant('hard-way-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { spec, status } of list.items)
        if (spec.type === 'LoadBalancer') status.loadBalancer = { ingress: [{ hostname }] }
    }),
    'aws/describe-network-interfaces.json': editJson((answer: Json) => {
      answer.NetworkInterfaces.push(eni)
    }),
  })

const eniOf = (Description: string, address: string, more = {}) => ({
  NetworkInterfaceId: `eni-${address}`,
  Description,
  PrivateIpAddress: address,
  VpcId: 'vpc-daf0e39ffc287f7bf',
  ...more,
})

test.each([
  [
    'a Network Load Balancer',
    'k8s-default-nginxlb-0a1b2c3d4e-5f60718293a4b5c6.elb.eu-central-1.amazonaws.com',
    eniOf('ELB net/k8s-default-nginxlb-0a1b2c3d4e/5f60718293a4b5c6', '10.240.0.77'),
    '10.240.0.77;',
  ],
  [
    'a Classic Load Balancer on the internet',
    'a0b1c2d3-123456789.eu-central-1.elb.amazonaws.com',
    eniOf('ELB a0b1c2d3', '10.240.0.78', { Association: { PublicIp: '203.0.113.9' } }),
    '10.240.0.78 (203.0.113.9);',
  ],
])('the addresses of %s are those of its interfaces', async (_, hostname, eni, addresses) => {
  const [first] = found(await behind(hostname, eni), id)
  expect(first).toEqual([
    'unknown',
    expect.stringContaining(`is served by the load balancer ${hostname} at ${addresses}`),
  ])
})

test('of a load balancer without an interface in the evidence no address is known', async () => {
  const other = eniOf('ELB net/other/5f60718293a4b5c6', '10.240.0.77')
  expect(found(await behind('front-5f60718293a4b5c6.elb.eu-central-1.amazonaws.com', other), id)).toEqual([
    ['unknown', expect.stringContaining('whose addresses stand in no evidence')],
  ])
})
