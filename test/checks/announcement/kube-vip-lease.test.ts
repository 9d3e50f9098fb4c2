import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster, leases } from '../../kit/kube-vip.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'announcement/kube-vip-lease'
const controlPlane = '10.240.0.5'

test('the recorded leader of the control plane', async () => {
  expect(await foundIn('control-plane-vip', id, controlPlane)).toEqual([
    [
      'pass',
      'controller-1 holds the lease kube-system/plndr-cp-lock, so kube-vip announces 10.240.0.5 from there by ARP or NDP.',
    ],
  ])
  expect(await foundIn('control-plane-vip', id)).toEqual([['skipped', 'MetalLB serves this Service.']])
  expect(await foundIn('pending-no-allocator', id)).toEqual([['skipped', 'The Service has no VIP yet.']])
})

test('kube-vip serves a Service on a LAN: its holder receives the packet', async () => {
  const diagnosis = diagnosisOf(await kubeVipCluster(), 'default/nginx-lb')
  expect([diagnosis.verdict, diagnosis.receiving]).toEqual(['reachable', { by: 'announcer', nodes: ['worker-0'] }])
  expect(diagnosis.findings.filter(({ status }) => status === 'warn' || status === 'fail')).toEqual([])
})

test('without a leader nobody answers ARP on a LAN, and that is the cause', async () => {
  const evidence = await kubeVipCluster({ holder: undefined })
  expect(found(evidence, id)).toEqual([
    ['fail', 'There is no lease plndr-svcs-lock, so kube-vip has no leader, and nobody announces 10.240.0.100.'],
  ])
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map((cause) => [cause.id, ...cause.consequences.map((one) => one.id)])).toEqual([
    [id, 'announcement/kube-vip-interface'],
  ])
})

test('a lease that nobody holds, and one that ran out', async () => {
  expect(found(await kubeVipCluster({ holder: null }), id)).toEqual([
    ['fail', 'Nobody holds the lease kube-system/plndr-svcs-lock, so kube-vip announces 10.240.0.100 from no node.'],
  ])
  const late = { renewTime: '2026-11-01T00:00:00.000000Z' }
  expect(found(await kubeVipCluster({ lease: late, bound: [] }), id)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^The lease kube-system\/plndr-svcs-lock of worker-0 had run out \d+ seconds before: worker-0 does not renew it, and no other node has taken it\.$/,
      ),
    ],
  ])
})

test('a leader that ended left the address on its interface, so the packets still arrive', async () => {
  const evidence = await kubeVipCluster({ lease: { renewTime: '2026-11-01T00:00:00Z' } })
  expect(found(evidence, id)).toEqual([['fail', expect.stringMatching(/ worker-0 still has the address\.$/)]])
  const diagnosis = diagnosisOf(evidence, 'default/nginx-lb')
  expect([diagnosis.verdict, diagnosis.possibleCauses.map((one) => one.id)]).toEqual(['reachable', [id]])
})

test('each Service has a lease of its own in its namespace with svc_election, or the one that it names', async () => {
  const own = { env: { svc_election: 'true' }, lease: { name: 'kubevip-nginx-lb', namespace: 'default' } }
  expect(found(await kubeVipCluster(own), id)).toEqual([
    ['pass', expect.stringContaining('worker-0 holds the lease default/kubevip-nginx-lb')],
  ])
  expect(found(await kubeVipCluster({ ...own, lease: { name: 'plndr-svcs-lock' }, bound: [] }), id)).toEqual([
    ['fail', expect.stringContaining('There is no lease default/kubevip-nginx-lb,')],
  ])
  const named = await kubeVipCluster({
    ...own,
    lease: { name: 'edge', namespace: 'ingress' },
    service: ({ metadata }) => {
      metadata.annotations['kube-vip.io/leaseName'] = 'ingress/edge'
    },
  })
  expect(found(named, id)).toEqual([['pass', expect.stringContaining('holds the lease ingress/edge')]])
})

test('a holder that is no node, and one without kube-vip', async () => {
  const holder = (name: string) =>
    variant('control-plane-vip', {
      [leases]: editJson((list: Json) => {
        list.items.find(({ metadata }: Json) => metadata.name === 'plndr-cp-lock').spec.holderIdentity = name
      }),
    })
  expect(found(await holder('ip-10-240-0-11'), id, controlPlane)).toEqual([
    ['warn', 'The lease kube-system/plndr-cp-lock is held by ip-10-240-0-11, which is no node of the cluster.'],
  ])
  expect(found(await holder('worker-0'), id, controlPlane)).toEqual([
    ['warn', 'worker-0 holds the lease kube-system/plndr-cp-lock, but no pod of kube-vip is there.'],
  ])
  expect(found(await holder('controller-1.example.internal'), id, controlPlane)).toEqual([
    ['pass', expect.stringContaining('controller-1 holds the lease')],
  ])
})

test('by BGP every node announces, and there is no lease to hold', async () => {
  const evidence = await kubeVipCluster({ env: { vip_arp: 'false', bgp_enable: 'true' }, holder: undefined })
  expect(found(evidence, id)).toEqual([
    ['skipped', 'kube-vip elects no leader for this VIP: every one of its nodes announces it.'],
  ])
})

test('KV-E01 with Local a leader without an endpoint drops what it gets', async () => {
  const local = (service: Json) => {
    service.spec.externalTrafficPolicy = 'Local'
  }
  const evidence = await kubeVipCluster({
    holder: 'controller-0',
    nodes: ['controller-0', 'worker-0'],
    service: local,
  })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'controller-0 leads and has no ready endpoint of Service default/nginx-lb, whose externalTrafficPolicy is Local; one lease for all Services is given without regard to endpoints.',
    ],
  ])
  expect(found(await kubeVipCluster({ service: local }), id)).toEqual([['pass', expect.any(String)]])
})

test('KV-P01 two Services with one VIP and two leaders', async () => {
  const evidence = await kubeVipCluster({
    env: { svc_election: 'true' },
    lease: { name: 'kubevip-nginx-lb', namespace: 'default' },
    service: (service, all) => {
      all.push({
        ...service,
        metadata: { name: 'dns', namespace: 'default', annotations: service.metadata.annotations },
        spec: { ...service.spec, ports: [{ port: 53, protocol: 'UDP' }] },
      })
    },
    leases: [{ name: 'kubevip-dns', namespace: 'default', holder: 'worker-1' }],
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      'worker-0 holds the lease default/kubevip-nginx-lb and worker-1 the lease default/kubevip-dns, of Service default/dns with the same VIP: both nodes take 10.240.0.100.',
    ],
  ])
})

test('KV-S06 a leader of its own on demand', async () => {
  const evidence = await kubeVipCluster({
    env: { per_service_election_on_demand: 'true' },
    lease: { name: 'kubevip-nginx-lb', namespace: 'default' },
    service: ({ metadata }) => {
      metadata.annotations['kube-vip.io/forcePerServiceElection'] = 'true'
    },
  })
  expect(found(evidence, id)).toEqual([
    ['pass', expect.stringMatching(/^worker-0 holds the lease default\/kubevip-nginx-lb/)],
  ])
})

test('KV-E03 with Local and several slices of a family kube-vip may miss the leader’s endpoint', async () => {
  const wanted = (policy: string) =>
    kubeVipCluster({
      env: { svc_election: 'true' },
      lease: { name: 'kubevip-nginx-lb', namespace: 'default' },
      service: ({ spec }) => {
        spec.externalTrafficPolicy = policy
      },
      changes: {
        'kubernetes/endpointslices.discovery.k8s.io.json': editJson((list: Json) => {
          const own = list.items.find(
            ({ metadata }: Json) => metadata.labels['kubernetes.io/service-name'] === 'nginx-lb',
          )
          list.items.push({ ...own, metadata: { ...own.metadata, name: 'nginx-lb-more' }, endpoints: [] })
        }),
      },
    })
  expect(found(await wanted('Local'), id)).toEqual([
    [
      'warn',
      expect.stringMatching(/has 2 EndpointSlices of one family and externalTrafficPolicy Local: kube-vip keeps/),
    ],
  ])
  expect(found(await wanted('Cluster'), id)[0]?.[0]).toBe('pass')
})
