import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'assignment/ip-families'
const services = (name: string, edit: (service: Json) => void) => ({
  'kubernetes/services.json': editJson((list: Json) => {
    edit(list.items.find(({ metadata }: Json) => metadata.name === name))
  }),
})

test('one family, and two with a VIP of each', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['pass', 'Service default/nginx-lb is of IPv4, and so is its VIP.'],
  ])
  for (const vip of ['10.240.0.112:80', '[fd00:240::101]:80'])
    expect(await foundIn('lan-ipv6', id, vip)).toEqual([
      ['pass', 'Service default/web-dual is of IPv4 and IPv6, and has a VIP of each.'],
    ])
})

test('a family without a VIP is named', async () => {
  const evidence = await variant(
    'lan-ipv6',
    services('web-dual', ({ status }) => status.loadBalancer.ingress.pop()),
  )
  expect(found(evidence, id, 'default/web-dual')).toEqual([
    [
      'warn',
      'Service default/web-dual is of IPv4 and IPv6, and has no VIP of IPv6: status.loadBalancer.ingress has 10.240.0.112 only. Its IPv6 clients have no address to go to.',
    ],
  ])
})

test('a VIP of a family that the Service is not of is translated by no node', async () => {
  const evidence = await variant('lan-ipv6', {
    ...services('web-six', ({ spec }) => Object.assign(spec, { ipFamilies: ['IPv4'], clusterIPs: ['10.32.0.9'] })),
  })
  expect(found(evidence, id, 'default/web-six')).toEqual([
    [
      'fail',
      'The VIP fd00:240::100 is IPv6, and Service default/web-six is of IPv4 only: kube-proxy translates no IPv6 for it.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/web-six').causes[0]?.id).toBe(id)
})

test('pods of the other family only: the missing one is named, and where', async () => {
  const evidence = await variant('lan-ipv6', {
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const slice of list.items)
        if (slice.metadata.labels?.['kubernetes.io/service-name'] === 'web-dual' && slice.addressType === 'IPv6')
          slice.endpoints = []
    }),
  })
  expect(found(evidence, 'endpoint/ready', '[fd00:240::101]:80')[0]).toEqual([
    'fail',
    expect.stringMatching(
      /^Service default\/web-dual has no ready endpoint: its \d endpoints? (is|are) IPv4, and the VIP fd00:240::101 is IPv6: its pods have no IPv6 address\.$/,
    ),
  ])
  expect(found(evidence, 'endpoint/ready', '10.240.0.112:80')[0]?.[0]).toBe('pass')
})

test('what MetalLB said of the second family is said with it', async () => {
  const message = 'no suitable pool for ipv6 IPFamily'
  const evidence = await variant('lan-healthy', {
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.name === 'nginx-lb')
          Object.assign(spec, { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'] })
    }),
    'kubernetes/events.json': editJson((list: Json) => {
      list.items.push({
        metadata: { name: 'nginx-lb.1', namespace: 'default' },
        reason: 'AdditionalAssignFailed',
        message,
        involvedObject: { kind: 'Service', namespace: 'default', name: 'nginx-lb' },
      })
    }),
  })
  expect(found(evidence, 'assignment/ip-families')).toEqual([
    ['warn', expect.stringContaining(`Its IPv6 clients have no address to go to. MetalLB says "${message}".`)],
  ])
})
