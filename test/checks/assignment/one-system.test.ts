import { expect, test } from '@jest/globals'
import { editJson, variant, type Json } from '../../fixtures.ts'
import { kubeVipCluster, pods } from '../../kube-vip.ts'
import { clusterOfOthers, marks } from '../../other-announcers.ts'
import { found, foundIn } from '../found.ts'

const id = 'assignment/one-system'

test('MetalLB alone, kube-vip alone, and both in the split that is safe', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([['pass', 'MetalLB alone serves Service default/nginx-lb.']])
  expect(found(await kubeVipCluster(), id)).toEqual([['pass', 'kube-vip alone serves Service default/nginx-lb.']])
  expect(await foundIn('control-plane-vip', id)).toEqual([['pass', 'MetalLB alone serves Service default/nginx-lb.']])
  expect(await foundIn('control-plane-vip', id, '10.240.0.5')).toEqual([
    ['pass', 'kube-vip alone serves the VIP 10.240.0.5.'],
  ])
})

test.each([
  ['Cilium LB-IPAM', 'Cilium (its condition cilium.io/IPAMRequestSatisfied)'],
  ['Cilium L2 announcements', 'Cilium (the lease kube-system/cilium-l2announce-default-nginx-lb)'],
  ['k3s by DaemonSet', 'k3s ServiceLB (the DaemonSet kube-system/svclb-nginx-lb-1f0c2d3e)'],
  ['k3s by finalizer', 'k3s ServiceLB (its finalizer svccontroller.k3s.cattle.io/daemonset)'],
  [
    'cloud controller of AWS',
    'The cloud controller of AWS (its finalizer service.kubernetes.io/load-balancer-cleanup, whose load balancer is a1b2.eu-central-1.elb.amazonaws.com)',
  ],
  ['keepalived', 'keepalived (worker-1 runs keepalived and has the VIP on eth0)'],
])('%s beside MetalLB; alone it passes', async (name, who) => {
  const own = marks[name] ?? {}
  const both = await clusterOfOthers({ bound: [], ...own, metallb: true })
  expect(found(both, id)).toEqual([
    ['fail', expect.stringContaining(`MetalLB and ${who} serve Service default/nginx-lb at once`)],
  ])
  expect(found(await clusterOfOthers(own), id)).toEqual([['pass', `${who} alone serves Service default/nginx-lb.`]])
})

test('k3s ServiceLB beside kube-vip', async () => {
  expect(found(await kubeVipCluster(marks['k3s by finalizer']), id)).toEqual([
    [
      'fail',
      expect.stringMatching(/^kube-vip and k3s ServiceLB \(its finalizer .*\) serve Service default\/nginx-lb at once/),
    ],
  ])
})

test('keepalived on the node of kube-vip’s leader is no second holder; on another node it is', async () => {
  const running = {
    'nodes/worker-0/processes.txt': (text: string) => `${text.trimEnd()}\n   4242 /usr/sbin/keepalived\n`,
  }
  expect(found(await kubeVipCluster({ changes: running }), id)[0]?.[0]).toBe('pass')
  const elsewhere = await kubeVipCluster({
    nodes: ['worker-1'],
    holder: 'worker-1',
    bound: [['worker-0', 'eth0']],
    changes: running,
  })
  expect(found(elsewhere, id)).toEqual([
    ['fail', expect.stringContaining('kube-vip and keepalived (worker-0 runs keepalived')],
  ])
})

test('two MetalLBs', async () => {
  const evidence = await variant('lan-healthy', {
    [pods]: editJson((list: Json) => {
      const own = list.items.find(
        ({ metadata }: Json) => metadata.name.startsWith('controller-') && metadata.namespace === 'metallb-system',
      )
      list.items.push({ ...own, metadata: { ...own.metadata, namespace: 'edge-lb' } })
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^the MetalLB of edge-lb and the MetalLB of metallb-system serve Service default\/nginx-lb at once/,
      ),
    ],
  ])
})
