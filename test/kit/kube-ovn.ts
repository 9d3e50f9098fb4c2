import type { Evidence } from '../../src/evidence/evidence.ts'
import { editJson, variant, type Change, type Json } from './fixtures.ts'

/** What is different from a healthy Kube-OVN: each is called with the objects before they are written. */
export interface KubeOvnCluster {
  readonly vip?: (vip: Json) => void
  readonly rule?: (rule: Json) => void
  readonly subnet?: (subnet: Json) => void
  readonly pod?: (pod: Json) => void
  readonly lbVip?: (vip: Json) => void
  readonly ips?: readonly Json[]
  readonly slice?: (slice: Json) => void
  readonly changes?: Readonly<Record<string, Change>>
}

const list = (kind: string, items: readonly Json[]): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: items.map((item) => ({ apiVersion: 'kubeovn.io/v1', kind, ...item })),
  })

/**
 * A recording whose cluster has Kube-OVN besides: the overlay subnet ovn-default (10.16.0.0/16), the Vip `shared` (10.16.0.200) of two
 * pods, and the SwitchLBRule `web` (10.16.0.210:80) with its Vip of type switch_lb_vip. No recording has Kube-OVN: the shapes are those of
 * its documentation (v1.16).
 */
export function kubeOvnCluster(wanted: KubeOvnCluster = {}, base = 'lan-healthy'): Promise<Evidence> {
  const changed = <T extends Json>(value: T, change?: (value: T) => void): T => {
    change?.(value)
    return value
  }
  const vip = changed(
    {
      metadata: { name: 'shared' },
      spec: { subnet: 'ovn-default', namespace: 'default', selector: ['app: keepalived'] },
      status: { v4ip: '10.16.0.200', v6ip: '', mac: '00:00:00:7A:11:02', type: '' },
    } as Json,
    wanted.vip,
  )
  const lbVip = changed(
    {
      metadata: { name: 'web-vip' },
      spec: { subnet: 'ovn-default', type: 'switch_lb_vip', v4ip: '10.16.0.210' },
      status: { v4ip: '10.16.0.210', mac: '00:00:00:7A:11:03', type: 'switch_lb_vip' },
    } as Json,
    wanted.lbVip,
  )
  const rule = changed(
    {
      metadata: { name: 'web' },
      spec: {
        vip: '10.16.0.210',
        namespace: 'default',
        selector: ['app:nginx'],
        ports: [{ name: 'http', port: 80, targetPort: 80, protocol: 'TCP' }],
      },
      status: { service: 'default/slr-web', ports: '80/TCP' },
    } as Json,
    wanted.rule,
  )
  const subnet = changed(
    {
      metadata: { name: 'ovn-default' },
      spec: {
        vpc: 'ovn-cluster',
        cidrBlock: '10.16.0.0/16',
        gateway: '10.16.0.1',
        excludeIps: ['10.16.0.1'],
        vlan: '',
        enableLb: true,
      },
      status: { v4availableIPs: 65000, conditions: [{ type: 'Ready', status: 'True' }] },
    } as Json,
    wanted.subnet,
  )
  return variant(base, {
    'kubernetes/vips.kubeovn.io.json': list('Vip', lbVip.gone === true ? [vip] : [vip, lbVip]),
    'kubernetes/switch-lb-rules.kubeovn.io.json': list('SwitchLBRule', [rule]),
    'kubernetes/subnets.kubeovn.io.json': list('Subnet', [subnet]),
    'kubernetes/ips.kubeovn.io.json': list('IP', wanted.ips ?? []),
    'kubernetes/pods.json': editJson((all: Json) => {
      all.items.push(...['keepalived-0', 'keepalived-1'].map((name) => changed(pod(name), wanted.pod)))
    }),
    'kubernetes/endpointslices.discovery.k8s.io.json': editJson((all: Json) => {
      all.items.push(
        changed(
          {
            metadata: {
              name: 'slr-web-1',
              namespace: 'default',
              labels: { 'kubernetes.io/service-name': 'slr-web' },
            },
            addressType: 'IPv4',
            endpoints: [{ addresses: ['10.16.0.11'], conditions: { ready: true } }],
            ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
          } as Json,
          wanted.slice,
        ),
      )
    }),
    ...wanted.changes,
  })
}

const pod = (name: string): Json => ({
  metadata: {
    name,
    namespace: 'default',
    labels: { app: 'keepalived' },
    annotations: { 'ovn.kubernetes.io/aaps': 'shared', 'ovn.kubernetes.io/logical_switch': 'ovn-default' },
  },
  spec: {
    nodeName: 'worker-0',
    containers: [
      {
        name: 'keepalived',
        image: 'registry.example/keepalived:2',
        ports: [{ containerPort: 8080 }],
        securityContext: { capabilities: { add: ['NET_ADMIN'] } },
      },
    ],
  },
  status: { phase: 'Running', podIP: '10.16.0.20', conditions: [{ type: 'Ready', status: 'True' }] },
})
