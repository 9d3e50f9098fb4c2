import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { also, withoutMetallbAnd } from '../../kit/other-systems.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'assignment/other-controller'
const services = 'kubernetes/services.json'
const nginx = (change: (service: Json) => void) =>
  editJson((list: Json) => {
    for (const service of list.items) if (service.metadata.name === 'nginx-lb') change(service)
  })

test('a Service that only MetalLB has marked', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['skipped', 'No controller but MetalLB and kube-vip has left a mark on Service default/nginx-lb.'],
  ])
})

test.each<[string, (service: Json) => void, string]>([
  [
    'a condition',
    ({ status }) => {
      status.conditions = [{ type: 'cilium.io/IPAMRequestSatisfied', status: 'True', reason: 'satisfied' }]
    },
    'Cilium serves Service default/nginx-lb: its LB IPAM has set the condition cilium.io/IPAMRequestSatisfied.',
  ],
  [
    'a class',
    ({ spec }) => {
      spec.loadBalancerClass = 'kube-router'
    },
    'kube-router serves Service default/nginx-lb: its class is kube-router.',
  ],
  [
    'a finalizer',
    ({ metadata }) => {
      metadata.finalizers = ['service.k8s.aws/resources']
    },
    'The AWS Load Balancer Controller serves Service default/nginx-lb: it has its finalizer service.k8s.aws/resources.',
  ],
  [
    'an annotation',
    ({ metadata }) => {
      metadata.annotations = { 'projectcalico.org/loadBalancerIPs': '["10.240.0.100"]' }
    },
    'Calico serves Service default/nginx-lb: its annotation projectcalico.org/loadBalancerIPs asks it for an address.',
  ],
])('the other system is known by %s', async (_, change, says) => {
  const evidence = await withoutMetallbAnd(change)
  expect(found(evidence, id)).toEqual([['pass', says]])
  const { findings } = diagnosisOf(evidence, 'default/nginx-lb')
  expect(findings.filter(({ id: one, status }) => /metallb|speaker|pool/i.test(one) && status === 'fail')).toEqual([])
})

test('nothing is said about MetalLB’s advertisements where Cilium serves the Service beside it', async () => {
  const evidence = await variant('lan-not-advertised', {
    [services]: nginx((service) => {
      delete service.metadata.annotations
      service.spec.loadBalancerClass = 'io.cilium/l2-announcer'
    }),
  })
  expect(found(evidence, 'announcement/l2-advertisement')).toEqual([['skipped', 'Cilium serves this Service.']])
})

const svclb = {
  metadata: {
    name: 'svclb-nginx-lb-5f8c-abcde',
    namespace: 'kube-system',
    labels: {
      'svccontroller.k3s.cattle.io/svcname': 'nginx-lb',
      'svccontroller.k3s.cattle.io/svcnamespace': 'default',
    },
  },
  spec: { nodeName: 'worker-0', containers: [{ name: 'lb-tcp-80', image: 'rancher/klipper-lb:v0.4.9' }] },
  status: { phase: 'Running' },
}

test('k3s ServiceLB beside MetalLB', async () => {
  const evidence = await variant('lan-healthy', {
    'kubernetes/pods.json': editJson((list: Json) => {
      list.items.push(svclb)
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      "MetalLB and k3s ServiceLB both serve Service default/nginx-lb: it has the annotation metallb.io/ip-allocated-from-pool, and it runs kube-system/svclb-nginx-lb-5f8c-abcde for it. Each writes its own status over the other's.",
    ],
  ])
})

test('k3s ServiceLB alone takes the packets in where its pods run', async () => {
  const evidence = await withoutMetallbAnd(() => undefined, { 'kubernetes/pods.json': also(svclb) })
  expect(found(evidence, 'announcement/other-announcer')).toEqual([
    ['pass', 'k3s ServiceLB takes in packets for 10.240.0.100: its pods run on worker-0.'],
  ])
})

test('a pending Service of Cilium is told in the words of LB IPAM', async () => {
  const evidence = await withoutMetallbAnd(({ status }) => {
    status.loadBalancer = {}
    status.conditions = [
      {
        type: 'cilium.io/IPAMRequestSatisfied',
        status: 'False',
        reason: 'no_pool',
        message: 'There are no enabled CiliumLoadBalancerIPPools that match this service',
      },
    ]
  })
  expect(found(evidence, 'assignment/vip-assigned')).toEqual([
    [
      'fail',
      'Cilium has no address for Service default/nginx-lb: There are no enabled CiliumLoadBalancerIPPools that match this service.',
    ],
  ])
})

test('a load balancer of a cloud', async () => {
  const evidence = await withoutMetallbAnd(({ status }) => {
    status.loadBalancer = { ingress: [{ hostname: 'a1b2.elb.eu-central-1.amazonaws.com' }] }
  })
  expect(found(evidence, id)).toEqual([
    [
      'pass',
      'A cloud controller serves Service default/nginx-lb: its status names a1b2.elb.eu-central-1.amazonaws.com.',
    ],
  ])
})
