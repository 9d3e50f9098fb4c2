import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../answers.ts'
import { editJson, type Json } from '../../fixtures.ts'
import { kubeVipCluster, pods } from '../../kube-vip.ts'
import { clusterOfOthers, marks } from '../../other-announcers.ts'
import { found, foundIn } from '../found.ts'

const id = 'announcement/other-announcer'

test.each([
  [
    'Cilium LB-IPAM',
    'Cilium serves Service default/nginx-lb (its condition cilium.io/IPAMRequestSatisfied); it is not judged whether its L2 announcement policies or BGP advertisements cover the Service.',
  ],
  [
    'Cilium L2 announcements',
    'Cilium serves Service default/nginx-lb (the lease kube-system/cilium-l2announce-default-nginx-lb), at worker-1; it is not judged whether its L2 announcement policies or BGP advertisements cover the Service.',
  ],
  [
    'Cilium by class',
    'Cilium serves Service default/nginx-lb (its class is io.cilium/bgp-control-plane); it is not judged whether its L2 announcement policies or BGP advertisements cover the Service.',
  ],
  [
    'k3s by DaemonSet',
    'k3s ServiceLB serves Service default/nginx-lb (the DaemonSet kube-system/svclb-nginx-lb-1f0c2d3e); it is not judged whether the host ports of its svclb pods take the packet.',
  ],
  [
    'k3s by finalizer',
    'k3s ServiceLB serves Service default/nginx-lb (its finalizer svccontroller.k3s.cattle.io/daemonset); it is not judged whether the host ports of its svclb pods take the packet.',
  ],
  [
    'another cloud controller',
    'A cloud controller serves Service default/nginx-lb (its finalizer service.kubernetes.io/load-balancer-cleanup); it is not judged whether the cloud’s load balancer lets the packet through.',
  ],
  [
    'kube-router',
    'kube-router serves Service default/nginx-lb (its class is kube-router); it is not judged whether kube-router advertises the VIP and its BGP peers take it.',
  ],
  [
    'Calico by class',
    'Calico serves Service default/nginx-lb (its class is calico); it is not judged whether Calico advertises the VIP (serviceLoadBalancerIPs) and its BGP peers take it.',
  ],
  [
    'Calico by annotation',
    'Calico serves Service default/nginx-lb (its annotation projectcalico.org/ipv4pools); it is not judged whether Calico advertises the VIP (serviceLoadBalancerIPs) and its BGP peers take it.',
  ],
  [
    'keepalived',
    'keepalived serves Service default/nginx-lb (worker-1 runs keepalived and has the VIP on eth0), at worker-1; it is not judged whether keepalived, whose configuration is not read, keeps the VIP there.',
  ],
])('%s is named, what it decides is unknown, and nothing is said of MetalLB', async (name, says) => {
  const evidence = await clusterOfOthers(marks[name])
  expect(found(evidence, id)).toEqual([['unknown', says]])
  const { verdict, causes, findings } = diagnosisOf(evidence, 'default/nginx-lb')
  expect([verdict, causes]).toEqual(['inconclusive', []])
  const aboutMetallb = findings.filter(
    (one) => one.status !== 'skipped' && one.id !== id && /MetalLB|speaker/.test(one.says),
  )
  expect(aboutMetallb.map((one) => one.says)).toEqual([])
})

test.each(Object.keys(marks).filter((name) => !name.includes('AWS')))(
  '%s beside an idle MetalLB: no speaker is blamed',
  async (name) => {
    const { service, changes, ...more } = marks[name] ?? {}
    const evidence = await clusterOfOthers({
      ...more,
      metallb: true,
      bound: more.bound ?? [],
      service: (own, all) => {
        delete own.metadata.annotations
        service?.(own, all)
      },
      changes: { ...changes, 'kubernetes/servicel2statuses.metallb.io.json': JSON.stringify({ items: [] }) },
    })
    expect(found(evidence, id)[0]?.[0]).toBe('unknown')
    for (const one of ['control/speaker', 'announcement/no-eligible-node', 'announcement/l2-advertisement'])
      expect(found(evidence, one)).toEqual([['skipped', expect.stringContaining('serves this Service.')]])
  },
)

test.each([
  [
    'AWS Load Balancer Controller',
    'Service default/nginx-lb is served by the load balancer k8s-1a2b.elb.eu-central-1.amazonaws.com of the AWS Load Balancer Controller, whose addresses stand in no evidence.',
  ],
  [
    'cloud controller of AWS',
    'Service default/nginx-lb is served by the load balancer a1b2.eu-central-1.elb.amazonaws.com of the cloud controller of AWS, whose addresses stand in no evidence.',
  ],
  [
    'a host name of AWS alone',
    'Service default/nginx-lb is served by the load balancer a1b2.eu-central-1.elb.amazonaws.com, whose addresses stand in no evidence.',
  ],
])('%s has a host name and no VIP, also beside MetalLB', async (name, says) => {
  for (const metallb of [false, true]) {
    const evidence = await clusterOfOthers({
      metallb,
      bound: [],
      service: (own, all) => {
        delete own.metadata.annotations
        marks[name]?.service?.(own, all)
      },
    })
    expect(found(evidence, 'assignment/vip-assigned')).toEqual([['unknown', says]])
    expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('inconclusive')
  }
})

test('a pending Service of another allocator: its own words, and not MetalLB’s class', async () => {
  const evidence = await clusterOfOthers({
    metallb: true,
    service: ({ metadata, spec, status }) => {
      delete metadata.annotations
      spec.loadBalancerClass = 'io.cilium/l2-announcer'
      status.loadBalancer = {}
      status.conditions = [
        {
          type: 'cilium.io/IPAMRequestSatisfied',
          status: 'False',
          reason: 'no_pool',
          message: 'There are no enabled CiliumLoadBalancerIPPools that match this service',
        },
      ]
    },
  })
  const { causes } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(causes.map((cause) => [cause.id, cause.says])).toEqual([
    [
      'assignment/vip-assigned',
      'Service default/nginx-lb is pending: Cilium (its class is io.cilium/l2-announcer) has given it no address. It says: There are no enabled CiliumLoadBalancerIPPools that match this service.',
    ],
  ])
})

test('neither MetalLB nor kube-vip, and no mark: what may announce is named as a possibility', async () => {
  const words = 'neither of them is there to serve it'
  expect(found(await clusterOfOthers(), id)).toEqual([
    [
      'unknown',
      `Something else than MetalLB and kube-vip serves Service default/nginx-lb (${words}); it is not judged whether anything announces the VIP.`,
    ],
  ])
  const agents = await clusterOfOthers({
    changes: {
      [pods]: editJson((list: Json) => {
        list.items = list.items.filter(({ metadata }: Json) => metadata.namespace !== 'metallb-system')
        list.items.push({
          metadata: { name: 'cilium-x', namespace: 'kube-system' },
          spec: { nodeName: 'worker-0', containers: [{ name: 'agent', image: 'quay.io/cilium/cilium:v1.18.2' }] },
        })
      }),
    },
  })
  expect(found(agents, id)[0]?.[1]).toContain(`${words}, and Cilium may be it`)
})

test('on EC2, which delivers by ownership, the answer does not depend on it', async () => {
  const evidence = await clusterOfOthers(marks['Cilium LB-IPAM'], 'hard-way-healthy')
  expect(found(evidence, id)[0]?.[0]).toBe('unknown')
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('Cilium’s lease that ran out, or that nobody holds', async () => {
  const nobody = await clusterOfOthers({
    leases: [{ name: 'cilium-l2announce-default-nginx-lb', namespace: 'kube-system', holder: '' }],
  })
  expect(found(nobody, id)).toEqual([
    [
      'warn',
      'Cilium announces by the lease kube-system/cilium-l2announce-default-nginx-lb, which nobody holds or which ran out: no node announces by ARP or NDP then.',
    ],
    ['unknown', expect.stringContaining('it is not judged whether')],
  ])
})

test('a Service of MetalLB or of kube-vip', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([['pass', 'MetalLB serves Service default/nginx-lb.']])
  expect(found(await kubeVipCluster(), id)).toEqual([['pass', 'kube-vip serves Service default/nginx-lb.']])
})
