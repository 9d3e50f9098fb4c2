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
) {
  const time = (await fixture('lan-healthy')).time as string
  const spec = { holderIdentity: held.by, leaseDurationSeconds: 15, renewTime: time }
  const [namespace = '', name = ''] = lease.split('/')
  return withoutMetallbAnd(() => undefined, {
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
    'the policy chooses other Services by the label of their name',
    { policies: [policy({ serviceSelector: { matchLabels: { 'io.kubernetes.service.name': 'other' } } })] },
    'no CiliumL2AnnouncementPolicy with loadBalancerIPs: true selects the Service',
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
])('nobody answers where %s', async (_, held, why) => {
  const { verdict, causes } = diagnosisOf(await cilium({}, held), 'default/nginx-lb')
  expect([verdict, causes[0]?.id, causes[0]?.says]).toEqual([
    'unreachable',
    id,
    `Cilium takes in no packet for 10.240.0.100: ${why}.`,
  ])
})

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
