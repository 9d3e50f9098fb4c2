import type { Evidence } from '../../src/evidence/evidence.ts'
import { editJson, variant, type Change, type Json } from './fixtures.ts'

/** How the cluster of a recording serves Services by kube-vip instead of MetalLB, as a test builds it. */
export interface KubeVipCluster {
  readonly env?: Readonly<Record<string, string>>
  /** The node that holds the lease; null for a lease that nobody holds, undefined for none at all. */
  readonly holder?: string | null | undefined
  readonly lease?: { readonly name?: string; readonly namespace?: string; readonly renewTime?: string }
  /** Leases besides. */
  readonly leases?: readonly { readonly name: string; readonly namespace: string; readonly holder: string }[]
  /** The interfaces that have the VIP. */
  readonly bound?: readonly (readonly [node: string, interfaceName: string])[]
  readonly metallb?: boolean
  readonly nodes?: readonly string[]
  readonly service?: (service: Json, all: Json[]) => void
  readonly changes?: Readonly<Record<string, Change>>
  readonly pods?: (pods: readonly Json[]) => void
}

export const pods = 'kubernetes/pods.json'
const services = 'kubernetes/services.json'
export const leases = 'kubernetes/leases.coordination.k8s.io.json'
const vip = '10.240.0.100'

/** A DaemonSet's settings as `kube-vip manifest daemonset --services --arp --leaderElection` writes them. */
const servicesEnv = { vip_arp: 'true', svc_enable: 'true', vip_leaderelection: 'true', vip_interface: 'eth0' }

/**
 * A recording (lan-healthy by default) whose Service default/nginx-lb kube-vip serves: without MetalLB, a kube-vip pod on each node, the
 * lease, and the address on the holder's interface. No recording has kube-vip serve Services; the shapes are those of `control-plane-vip`.
 */
export function kubeVipCluster(wanted: KubeVipCluster = {}, base = 'lan-healthy'): Promise<Evidence> {
  const { nodes = ['worker-0', 'worker-1'] } = wanted
  const holder = 'holder' in wanted ? wanted.holder : 'worker-0'
  const bound = wanted.bound ?? (typeof holder === 'string' ? [[holder, 'eth0'] as const] : [])
  return variant(base, {
    [pods]: editJson((list: Json) => {
      if (wanted.metallb !== true)
        list.items = list.items.filter(({ metadata }: Json) => metadata.namespace !== 'metallb-system')
      const own = nodes.map((node) => kubeVipPod(node, { ...servicesEnv, ...wanted.env }))
      wanted.pods?.(own)
      list.items.push(...own)
    }),
    [services]: editJson((list: Json) => {
      const service = list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb')
      if (wanted.metallb !== true) {
        delete service.metadata.annotations
        service.metadata.annotations = { 'kube-vip.io/loadbalancerIPs': vip, 'kube-vip.io/vipHost': holder ?? '' }
      }
      wanted.service?.(service, list.items)
    }),
    [leases]: editJson((list: Json) => {
      for (const more of wanted.leases ?? [])
        list.items.push({
          metadata: { name: more.name, namespace: more.namespace },
          spec: { holderIdentity: more.holder, leaseDurationSeconds: 15, renewTime: list.items[0].spec.renewTime },
        })
      if (holder === undefined) return
      const {
        name = 'plndr-svcs-lock',
        namespace = 'kube-system',
        renewTime = list.items[0].spec.renewTime,
      } = wanted.lease ?? {}
      list.items.push({
        metadata: { name, namespace },
        spec: { holderIdentity: holder ?? '', leaseDurationSeconds: 15, renewTime },
      })
    }),
    ...(wanted.metallb === true
      ? {}
      : {
          'kubernetes/daemonsets.apps.json': editJson(withoutMetallb),
          'kubernetes/deployments.apps.json': editJson(withoutMetallb),
          'kubernetes/servicel2statuses.metallb.io.json': null,
          'kubernetes/ipaddresspools.metallb.io.json': null,
          'kubernetes/l2advertisements.metallb.io.json': null,
        }),
    ...Object.fromEntries(
      bound.map(([node, name]) => [
        `nodes/${node}/ip-addr.json`,
        editJson((links: Json) => {
          links
            .find(({ ifname }: Json) => ifname === name)
            .addr_info.push({ family: 'inet', local: vip, prefixlen: 32, scope: 'global', deprecated: true })
        }),
      ]),
    ),
    ...wanted.changes,
  })
}

const withoutMetallb = (list: Json): void => {
  list.items = list.items.filter(({ metadata }: Json) => metadata.namespace !== 'metallb-system')
}

/** A pod of the DaemonSet kube-vip-ds. */
function kubeVipPod(node: string, env: Readonly<Record<string, string>>): Json {
  const name = `kube-vip-ds-${node}`
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'kube-system',
      labels: { 'app.kubernetes.io/name': 'kube-vip-ds' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'kube-vip-ds', controller: true }],
    },
    spec: {
      nodeName: node,
      hostNetwork: true,
      containers: [
        {
          name: 'kube-vip',
          image: 'ghcr.io/kube-vip/kube-vip:v1.2.3',
          args: ['manager'],
          env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
        },
      ],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'kube-vip', ready: true, restartCount: 0, state: { running: {} } }],
    },
  }
}
