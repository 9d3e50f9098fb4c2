import type { Json } from './fixtures.ts'

export const nodeAddresses = {
  'controller-0': '10.240.0.10',
  'controller-1': '10.240.0.11',
  'worker-0': '10.240.0.20',
  'worker-1': '10.240.0.21',
} as const

/** A pod of k3s ServiceLB for a Service of namespace default, as klipper-lb runs it: on a node, or waiting for one with what the scheduler says. */
export const svclb = (where: { readonly node: string } | { readonly waits: string }, service = 'nginx-lb'): Json => ({
  metadata: {
    name: `svclb-${service}-5f8c${'node' in where ? `-${where.node}` : ''}`,
    namespace: 'kube-system',
    labels: {
      'svccontroller.k3s.cattle.io/svcname': service,
      'svccontroller.k3s.cattle.io/svcnamespace': 'default',
    },
  },
  spec: {
    ...('node' in where ? { nodeName: where.node } : {}),
    containers: [
      {
        name: 'lb-tcp-80',
        image: 'rancher/klipper-lb:v0.4.13',
        ports: [{ name: 'lb-tcp-80', containerPort: 80, hostPort: 80, protocol: 'TCP' }],
      },
    ],
  },
  status:
    'node' in where
      ? { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
      : {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: where.waits }],
        },
})

export const svclbOnAll: readonly Json[] = Object.keys(nodeAddresses).map((node) => svclb({ node }))

/** What ServiceLB writes into the status of a Service. */
export const statusOfNodes = { loadBalancer: { ingress: Object.values(nodeAddresses).map((ip) => ({ ip })) } }
