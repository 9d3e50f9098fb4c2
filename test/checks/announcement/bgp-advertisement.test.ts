import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { advertisement, allUp, byBgp, object, peer } from '../../kit/bgp.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/bgp-advertisement'
const nodes = 'controller-0, controller-1, worker-0 and worker-1'

test('does not apply where ARP alone announces', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([['skipped', 'No BGPAdvertisement covers the VIP.']])
})

test('without an election every node announces to its peers, and the VIP is reachable', async () => {
  const evidence = await variant('lan-healthy', byBgp({ up: allUp }))
  expect(found(evidence, id)).toEqual([['pass', `${nodes} announce 10.240.0.100 by BGP to 10.240.0.1.`]])
  const { verdict, findings } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, findings.filter(({ status }) => status === 'warn' || status === 'fail')]).toEqual(['reachable', []])
})

test('a VIP of routers need not lie in the subnet of the nodes', async () => {
  const evidence = await variant('lan-pool-off-subnet', byBgp({ up: allUp }))
  expect(found(evidence, 'delivery/vip-aligned-with-subnet')).toEqual([
    ['pass', expect.stringMatching(/is announced by BGP: routers lead to it, whatever the nodes’ subnets\.$/)],
  ])
})

test('a BGPAdvertisement without a BGPPeer tells nobody, and names the peer that stands elsewhere', async () => {
  const stray = object(
    'BGPPeer',
    'router',
    { spec: { myASN: 64500, peerASN: 64501, peerAddress: '10.240.0.1' } },
    'default',
  )
  const evidence = await variant('lan-healthy', byBgp({ peers: [stray], reporting: [] }))
  const { verdict, causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(verdict).toBe('unreachable')
  expect(causes.map((cause) => [cause.id, cause.says])).toEqual([
    [
      id,
      'A BGPAdvertisement covers 10.240.0.100, but there is no BGPPeer in metallb-system, so no router is told of it. default/router stands in another namespace, where MetalLB does not look.',
    ],
  ])
})

test('names for every node why it tells nobody', async () => {
  const evidence = await variant('lan-healthy', {
    ...byBgp({
      advertisements: [
        advertisement('bgp', { nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'worker-0' } }] }),
      ],
      peers: [peer('router', '10.240.0.1', { nodeSelectors: [{ matchLabels: { rack: 'a' } }] })],
      reporting: [],
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'No node tells a BGP peer of 10.240.0.100: controller-0, controller-1 and worker-1 are selected by no BGPAdvertisement of the pool; worker-0 is selected by no BGPPeer.',
    ],
  ])
})

test('an advertisement that names only another peer goes nowhere', async () => {
  const evidence = await variant(
    'lan-healthy',
    byBgp({ advertisements: [advertisement('bgp', { peers: ['other'] })], reporting: [] }),
  )
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      `No node tells a BGP peer of 10.240.0.100: ${nodes} have only BGPPeers that the advertisement does not name.`,
    ],
  ])
})

test('with externalTrafficPolicy Local only nodes with an endpoint announce', async () => {
  const evidence = await variant('lan-healthy', {
    ...byBgp({ up: allUp, reporting: ['worker-0', 'worker-1'] }),
    'kubernetes/services.json': editJson((list: Json) => {
      for (const { spec } of list.items) if (spec.type === 'LoadBalancer') spec.externalTrafficPolicy = 'Local'
    }),
  })
  expect(found(evidence, id)[0]?.[1]).toMatch(/^.+ by BGP to 10\.240\.0\.1; .+ have no ready endpoint of their own\.$/)
})

test('two local preferences for one prefix announce neither', async () => {
  const advertisements = [advertisement('low', { localPref: 100 }), advertisement('high', { localPref: 200 })]
  expect(found(await variant('lan-healthy', byBgp({ advertisements, reporting: [] })), id)).toEqual([
    [
      'fail',
      'metallb-system/low and metallb-system/high want different local preferences (100 and 200) for the same prefix, so MetalLB announces 10.240.0.100 by neither.',
    ],
  ])
})

test('a speaker that should announce and does not say so is a warning', async () => {
  const evidence = await variant(
    'lan-healthy',
    byBgp({ up: allUp, reporting: ['controller-0', 'controller-1', 'worker-0'] }),
  )
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'worker-1 should announce 10.240.0.100 by BGP, and has no ServiceBGPStatus that says so: the speaker there has not taken the configuration.',
    ],
  ])
})

test('native BGP refuses IPv6', async () => {
  const evidence = await variant(
    'lan-ipv6',
    byBgp({ advertisements: [advertisement('bgp', { ipAddressPools: ['six'] })], reporting: [] }),
  )
  expect(found(evidence, id, 'default/web-six')[0]?.[1]).toMatch(
    /^MetalLB speaks BGP with its native code here, which refuses IPv6/,
  )
})

test('on EC2, which delivers by ownership, it warns', async () => {
  const evidence = await variant('hard-way-healthy', byBgp({ peers: [], reporting: [] }))
  const { verdict } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, found(evidence, id)[0]?.[0]]).toEqual(['reachable', 'warn'])
})

test.each([
  [
    'the condition NetworkUnavailable',
    ({ status }: Json) => status.conditions.push({ type: 'NetworkUnavailable', status: 'True' }),
    'have the condition NetworkUnavailable',
  ],
  [
    'the label that keeps load balancers away',
    ({ metadata }: Json) => (metadata.labels['node.kubernetes.io/exclude-from-external-load-balancers'] = ''),
    'carry the label node.kubernetes.io/exclude-from-external-load-balancers',
  ],
])('nodes with %s tell no peer', async (_, edit, says) => {
  const evidence = await variant('lan-healthy', {
    ...byBgp({ reporting: [] }),
    'kubernetes/nodes.json': editJson((list: Json) => {
      for (const node of list.items) edit(node)
    }),
  })
  expect(found(evidence, id)).toEqual([['fail', `No node tells a BGP peer of 10.240.0.100: ${nodes} ${says}.`]])
})

test('without a ready endpoint nobody is told, and the endpoints are the cause', async () => {
  const evidence = await variant('lan-healthy', {
    ...byBgp({ reporting: [] }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
      for (const { metadata, endpoints } of list.items)
        if (metadata.name.startsWith('nginx-lb'))
          for (const endpoint of endpoints) endpoint.conditions = { ready: false, serving: false, terminating: false }
    }),
  })
  expect(found(evidence, id)[0]?.[1]).toBe(`No node tells a BGP peer of 10.240.0.100: ${nodes} find no ready endpoint.`)
  expect(diagnosisOf(evidence, 'default/nginx-lb').causes.map((cause) => cause.id)).toContain('endpoint/ready')
})

test('local preferences that differ by peer, by node or by prefix are no conflict', async () => {
  const on = (node: string) => ({ nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': node } }] })
  for (const [one, other] of [
    [{ peers: ['router'] }, { peers: ['second'] }],
    [on('worker-0'), on('worker-1')],
    [{ aggregationLength: 32 }, { aggregationLength: 24 }],
  ] as const) {
    const advertisements = [
      advertisement('low', { localPref: 100, ...one }),
      advertisement('high', { localPref: 200, ...other }),
    ]
    const peers = [peer('router', '10.240.0.1'), peer('second', '10.240.0.2')]
    const evidence = await variant('lan-healthy', byBgp({ advertisements, peers }))
    expect(found(evidence, id)[0]?.[1]).not.toContain('different local preferences')
  }
})
