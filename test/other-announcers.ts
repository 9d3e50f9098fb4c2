import type { Evidence } from '../src/evidence/evidence.ts'
import { editJson, type Json } from './fixtures.ts'
import { kubeVipCluster, type KubeVipCluster } from './kube-vip.ts'

/** lan-healthy with its VIP 10.240.0.100, and with neither MetalLB nor kube-vip unless `metallb` says so; the marks of others are for `service`. */
export const clusterOfOthers = (wanted: KubeVipCluster = {}, base?: string): Promise<Evidence> =>
  kubeVipCluster(
    {
      nodes: [],
      holder: undefined,
      ...wanted,
      service: (service, all) => {
        if (wanted.metallb !== true) delete service.metadata.annotations
        wanted.service?.(service, all)
      },
    },
    base,
  )

/** What each system leaves behind: the documented shapes, of Cilium 1.18, k3s 1.34, AWS Load Balancer Controller 2.13, Calico 3.30. */
export const marks: Readonly<Record<string, KubeVipCluster>> = {
  'Cilium LB-IPAM': {
    service: ({ status }) => {
      status.conditions = [{ type: 'cilium.io/IPAMRequestSatisfied', status: 'True', reason: 'satisfied' }]
    },
  },
  'Cilium L2 announcements': {
    leases: [{ name: 'cilium-l2announce-default-nginx-lb', namespace: 'kube-system', holder: 'worker-1' }],
  },
  'Cilium by class': {
    service: ({ spec }) => {
      spec.loadBalancerClass = 'io.cilium/bgp-control-plane'
    },
  },
  'k3s by DaemonSet': {
    changes: {
      'kubernetes/daemonsets.apps.json': editJson((list: Json) => {
        list.items.push({
          metadata: {
            name: 'svclb-nginx-lb-1f0c2d3e',
            namespace: 'kube-system',
            labels: {
              'svccontroller.k3s.cattle.io/svcname': 'nginx-lb',
              'svccontroller.k3s.cattle.io/svcnamespace': 'default',
            },
          },
        })
      }),
    },
  },
  'k3s by finalizer': {
    service: ({ metadata }) => {
      metadata.finalizers = ['svccontroller.k3s.cattle.io/daemonset']
    },
  },
  'AWS Load Balancer Controller': {
    service: ({ metadata, status }) => {
      metadata.finalizers = ['service.k8s.aws/resources']
      status.loadBalancer = { ingress: [{ hostname: 'k8s-1a2b.elb.eu-central-1.amazonaws.com' }] }
    },
  },
  'cloud controller of AWS': {
    service: ({ metadata, status }) => {
      metadata.finalizers = ['service.kubernetes.io/load-balancer-cleanup']
      status.loadBalancer = { ingress: [{ hostname: 'a1b2.eu-central-1.elb.amazonaws.com' }] }
    },
  },
  'a host name of AWS alone': {
    service: ({ status }) => {
      status.loadBalancer = { ingress: [{ hostname: 'a1b2.eu-central-1.elb.amazonaws.com' }] }
    },
  },
  'another cloud controller': {
    service: ({ metadata }) => {
      metadata.finalizers = ['service.kubernetes.io/load-balancer-cleanup']
    },
  },
  'kube-router': {
    service: ({ spec }) => {
      spec.loadBalancerClass = 'kube-router'
    },
  },
  'Calico by class': {
    service: ({ spec }) => {
      spec.loadBalancerClass = 'calico'
    },
  },
  'Calico by annotation': {
    service: ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'projectcalico.org/ipv4pools': '["loadbalancers"]' }
    },
  },
  keepalived: {
    bound: [['worker-1', 'eth0']],
    changes: {
      'nodes/worker-1/processes.txt': (text) => `${text.trimEnd()}\n   4242 /usr/sbin/keepalived --dont-fork\n`,
    },
  },
}
