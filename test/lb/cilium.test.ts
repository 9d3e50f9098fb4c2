import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import { fixture, variant, type Change, type Json } from '../kit/fixtures.ts'
import { found } from '../kit/found.ts'
import { also, withoutMetallbAnd } from '../kit/other-systems.ts'

const id = 'announcement/other-announcer'
const list = (...items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
const lease = 'kube-system/cilium-l2announce-default-nginx-lb'

const pool = { metadata: { name: 'lan' }, spec: { blocks: [{ start: '10.240.0.100', stop: '10.240.0.120' }] } }
const policy = (spec: Json = {}) => ({ metadata: { name: 'lan' }, spec: { loadBalancerIPs: true, ...spec } })
const config = (data: Json = {}) => ({
  metadata: { name: 'cilium-config', namespace: 'kube-system' },
  data: { 'enable-l2-announcements': 'true', 'enable-bgp-control-plane': 'false', ...data },
})

/** A cluster in which LB IPAM of Cilium gave the address, and what else its objects say. */
async function cilium(
  files: Readonly<Record<string, Change>>,
  held: { readonly by?: string; readonly policies?: readonly object[]; readonly data?: Json } = {},
  change: (service: Json) => void = () => undefined,
) {
  const time = (await fixture('lan-healthy')).time as string
  const spec = { holderIdentity: held.by, leaseDurationSeconds: 15, renewTime: time }
  const [namespace = '', name = ''] = lease.split('/')
  return withoutMetallbAnd(change, {
    'kubernetes/ciliumloadbalancerippools.cilium.io.json': list(pool),
    'kubernetes/ciliuml2announcementpolicies.cilium.io.json': list(...(held.policies ?? [policy()])),
    'kubernetes/configmaps.json': also(config(held.data)),
    'kubernetes/leases.coordination.k8s.io.json':
      held.by === undefined ? also() : also({ metadata: { name, namespace }, spec }),
    ...files,
  })
}

test('a healthy cluster with L2 announcements is reachable and silent, where the pool alone shows whose address it is', async () => {
  const { verdict, findings, receiving } = diagnosisOf(await cilium({}, { by: 'worker-1' }), 'default/nginx-lb')
  expect([verdict, receiving.nodes]).toEqual(['reachable', ['worker-1']])
  expect(findings.filter(({ status }) => status === 'fail' || status === 'warn')).toEqual([])
})

test.each<[string, Parameters<typeof cilium>[1], string]>([
  [
    'no policy announces addresses of load balancers',
    { policies: [policy({ loadBalancerIPs: false })] },
    'no CiliumL2AnnouncementPolicy with loadBalancerIPs: true selects the Service',
  ],
  [
    'BGP is not named in its configuration, and so off',
    {
      policies: [policy({ serviceSelector: { matchLabels: { announce: 'l2' } } })],
      data: { 'enable-bgp-control-plane': undefined },
    },
    'no CiliumL2AnnouncementPolicy with loadBalancerIPs: true selects the Service (lan asks for announce=l2)',
  ],
  [
    'the policy chooses other Services by the label of their name',
    { policies: [policy({ serviceSelector: { matchLabels: { 'io.kubernetes.service.name': 'other' } } })] },
    'no CiliumL2AnnouncementPolicy with loadBalancerIPs: true selects the Service (lan asks for io.kubernetes.service.name=other)',
  ],
  [
    'the policy selects no node',
    { policies: [policy({ nodeSelector: { matchLabels: { edge: 'yes' } } })] },
    'CiliumL2AnnouncementPolicy lan selects no node',
  ],
  [
    'the agents do not announce',
    { data: { 'enable-l2-announcements': 'false' } },
    'its agents run without enable-l2-announcements, whatever CiliumL2AnnouncementPolicy there is',
  ],
  ['nobody took the lease', {}, 'no agent has taken the lease cilium-l2announce-default-nginx-lb'],
  [
    'the holder has no such interface',
    { by: 'worker-1', policies: [policy({ interfaces: ['^ens[0-9]+'] })] },
    'worker-1 holds the lease, and CiliumL2AnnouncementPolicy lan announces on ^ens[0-9]+, which is none of its interfaces',
  ],
  [
    'Cilium works on other devices than the policy means',
    { by: 'worker-1', policies: [policy({ interfaces: ['^eth0$'] })], data: { devices: 'enp+ bond0' } },
    'worker-1 holds the lease, and Cilium works on the devices enp+ and bond0 alone, of which CiliumL2AnnouncementPolicy lan means none on that node',
  ],
])('nobody answers where %s', async (_, held, why) => {
  const { verdict, causes } = diagnosisOf(await cilium({}, held), 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.says]).toEqual([
    'unreachable',
    id,
    `Cilium takes in no packet for 10.240.0.100: ${why}.`,
  ])
})

test.each([
  'kubernetes/ciliuml2announcementpolicies.cilium.io.json',
  'kubernetes/configmaps.json',
  'nodes/worker-1/ip-link.json',
])('without %s it is not known whether the holder of the lease has an interface to announce on', async (file) => {
  const evidence = await cilium({ [file]: null }, { by: 'worker-1' })
  expect(found(evidence, id).map(([status]) => status)).toEqual(['unknown'])
  expect(diagnosisOf(evidence, 'default/nginx-lb').receiving.nodes).toEqual(['worker-1'])
})

test.each(['eth0', 'enp+ eth+', '!docker0', ''])(
  'devices %j of its configuration leave it the interface',
  async (devices) => {
    const evidence = await cilium({}, { by: 'worker-1', data: { devices } })
    expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
  },
)

test.each([
  ['with a group that is repeated', '^((((((e+)+)+)+)+)+)+$'],
  ['with many repetitions', '^.*.*.*.*.*.*.*.*.*.*!$'],
  ['that is none', '('],
])('a pattern %s, over which one could sit for ever, is taken to match', async (_, pattern) => {
  const held = { by: 'worker-1', policies: [policy({ interfaces: [pattern] })] }
  expect(diagnosisOf(await cilium({}, held), 'default/nginx-lb').causes.map((cause) => cause.id)).not.toContain(id)
})

describe('by BGP', () => {
  const advertisement = (selector: Json) => ({
    metadata: { name: 'vips' },
    spec: { advertisements: [{ advertisementType: 'Service', service: { addresses: ['LoadBalancerIP'] }, selector }] },
  })
  const nodes = (peeringState: string) => ({
    metadata: { name: 'worker-0' },
    status: { bgpInstances: [{ name: 'own', peers: [{ name: 'router', peerAddress: '10.240.0.1', peeringState }] }] },
  })
  const all = { matchExpressions: [{ key: 'somekey', operator: 'NotIn', values: ['never'] }] }
  const by = (state: string, selector: Json = all) =>
    cilium(
      {
        'kubernetes/ciliumbgpadvertisements.cilium.io.json': list(advertisement(selector)),
        'kubernetes/ciliumbgpnodeconfigs.cilium.io.json': list(nodes(state)),
      },
      { policies: [], data: { 'enable-bgp-control-plane': 'true' } },
    )

  test('nodes with an established session take packets in, others do not', async () => {
    expect(found(await by('established'), id)).toEqual([
      ['pass', 'Cilium takes in packets for 10.240.0.100: 1 node has a session with 10.240.0.1.'],
    ])
    expect(found(await by('active'), id)).toEqual([
      [
        'fail',
        'Cilium takes in no packet for 10.240.0.100: no session is established (worker-0 with 10.240.0.1: active).',
      ],
    ])
  })

  test('what is told by objects that were not read is not known', async () => {
    expect(found(await by('established', { matchLabels: { app: 'other' } }), id)[0]?.[0]).toBe('unknown')
  })
})

test('what MetalLB marked stays its own, whatever pool of Cilium holds it', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/ciliumloadbalancerippools.cilium.io.json': list(pool),
  })
  expect(found(evidence, id)).toEqual([['skipped', 'MetalLB serves this Service.']])
})

describe('from an advertisement to a session, and by the policy of before', () => {
  const vips = {
    metadata: { name: 'vips', labels: { advertise: 'bgp' } },
    spec: {
      advertisements: [
        { advertisementType: 'Service', service: { addresses: ['LoadBalancerIP'] }, selector: { matchLabels: {} } },
      ],
    },
  }
  const peerConfig = (advertise = 'bgp') => ({
    metadata: { name: 'router' },
    spec: { families: [{ afi: 'ipv4', safi: 'unicast', advertisements: { matchLabels: { advertise } } }] },
  })
  const clusterConfig = (nodeSelector?: Json, name = 'router') => ({
    metadata: { name: 'own' },
    spec: {
      ...(nodeSelector === undefined ? {} : { nodeSelector }),
      bgpInstances: [{ name: 'own', peers: [{ name: 'r', peerAddress: '10.240.0.1', peerConfigRef: { name } }] }],
    },
  })
  const session = (node: string) => ({
    metadata: { name: node },
    status: { bgpInstances: [{ peers: [{ peerAddress: '10.240.0.1', peeringState: 'established' }] }] },
  })
  const peering = (name: string, nodeSelector: Json, serviceSelector: Json = { matchLabels: {} }) => ({
    metadata: { name },
    spec: {
      nodeSelector,
      virtualRouters: [{ localASN: 64512, serviceSelector, neighbors: [{ peerAddress: '10.240.0.1/32' }] }],
    },
  })
  const files = (objects: Readonly<Record<string, readonly object[]>>) =>
    Object.fromEntries(
      Object.entries(objects).map(([plural, items]) => [
        `kubernetes/ciliumbgp${plural}.cilium.io.json`,
        list(...items),
      ]),
    )
  const speaking = (objects: Readonly<Record<string, readonly object[]>>, data: Json = {}) =>
    cilium(files(objects), { policies: [], data: { 'enable-bgp-control-plane': 'true', ...data } })
  const whole = {
    advertisements: [vips],
    peerconfigs: [peerConfig()],
    clusterconfigs: [clusterConfig()],
    nodeconfigs: [session('worker-0')],
  }

  test('a whole chain with a session is reachable and silent', async () => {
    const { findings, receiving } = diagnosisOf(await speaking(whole), 'default/nginx-lb')
    expect(receiving.nodes).toEqual(['worker-0'])
    expect(findings.filter(({ status }) => status === 'fail' || status === 'warn')).toEqual([])
  })

  const nobody = { matchLabels: { edge: 'yes' } }
  test.each<[string, Readonly<Record<string, readonly object[]>>, string]>([
    [
      'labels that no peer’s families choose',
      { ...whole, peerconfigs: [peerConfig('pods')] },
      'no CiliumBGPPeerConfig chooses CiliumBGPAdvertisement vips by its labels',
    ],
    [
      'no cluster configuration',
      { ...whole, clusterconfigs: [] },
      'there is no CiliumBGPClusterConfig, so that no node has a peer',
    ],
    [
      'peers with another configuration',
      { ...whole, clusterconfigs: [clusterConfig(undefined, 'other')] },
      'no peer of a CiliumBGPClusterConfig has a CiliumBGPPeerConfig that chooses CiliumBGPAdvertisement vips (router)',
    ],
    [
      'a cluster configuration of no node',
      { ...whole, clusterconfigs: [clusterConfig(nobody)] },
      'CiliumBGPClusterConfig own selects no node',
    ],
    [
      'an old policy of no node',
      { advertisements: [], peeringpolicies: [peering('edge', nobody)] },
      'CiliumBGPPeeringPolicy edge selects no node',
    ],
    [
      'nodes that several old policies select',
      { advertisements: [], peeringpolicies: [peering('one', {}), peering('two', {})] },
      'controller-0, controller-1, worker-0 and worker-1 are selected by several CiliumBGPPeeringPolicies, and take none of them then',
    ],
  ])('routers learn nothing from %s', async (_, objects, why) => {
    expect(found(await speaking(objects), id)).toEqual([
      ['fail', `Cilium takes in no packet for 10.240.0.100: ${why}.`],
    ])
  })

  test('of an old policy the nodes are known, and whether their sessions are up is not', async () => {
    const evidence = await speaking({ advertisements: [], peeringpolicies: [peering('edge', {})] })
    const { verdict, findings } = diagnosisOf(evidence, 'default/nginx-lb')
    const finding = findings.find((one) => one.id === id)
    expect([verdict, finding?.status, finding?.look.at(-1)]).toEqual([
      'inconclusive',
      'unknown',
      'kubectl -n kube-system get leases',
    ])
  })

  test('where neither kind of BGP object chooses the Service, its missing lease is the cause', async () => {
    const other = { matchLabels: { app: 'other' } }
    const evidence = await speaking({ advertisements: [], peeringpolicies: [peering('edge', {}, other)] })
    expect(found(evidence, id)).toEqual([
      [
        'fail',
        'Cilium takes in no packet for 10.240.0.100: no CiliumL2AnnouncementPolicy with loadBalancerIPs: true selects the Service, and no object of its BGP control plane does.',
      ],
    ])
  })

  test('with Local a session on a node without an endpoint tells nothing', async () => {
    const local = (service: Json) => void (service.spec.externalTrafficPolicy = 'Local')
    const at = async (node: string) =>
      found(
        await cilium(
          files({ ...whole, nodeconfigs: [session(node)] }),
          { policies: [], data: { 'enable-bgp-control-plane': 'true' } },
          local,
        ),
        id,
      )[0]
    expect((await at('worker-0'))?.[0]).toBe('pass')
    expect(await at('controller-0')).toEqual([
      'fail',
      'Cilium takes in no packet for 10.240.0.100: controller-0 has a session, and with externalTrafficPolicy Local only nodes with an endpoint tell of it.',
    ])
  })
})
