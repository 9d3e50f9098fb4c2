import type { Evidence } from '../../src/evidence/evidence.ts'
import { editJson, variant, type Change, type Json } from './fixtures.ts'

/** How keepalived holds the control plane's VIP of a recording, as a test builds it. */
interface KeepalivedCluster {
  /** The nodes that have the VIP on eth0. */
  readonly bound?: readonly string[]
  /** The nodes on which keepalived runs. */
  readonly running?: readonly string[]
  /** The nodes whose configuration has the VIP. */
  readonly configured?: readonly string[]
  /** kubeadm's controlPlaneEndpoint; null for a cluster of which none is known. */
  readonly endpoint?: string | null
  readonly changes?: Readonly<Record<string, Change>>
}

export const controlPlaneVip = '10.240.0.5'

/** A keepalived.conf as kubeadm's considerations for high availability have it, with the password that is never kept. */
export const keepalivedConf = (state: string, vip = controlPlaneVip): string => `! /etc/keepalived/keepalived.conf
global_defs {
    router_id LVS_DEVEL
}
vrrp_script check_apiserver {
  script "/etc/keepalived/check_apiserver.sh"
  interval 3
}
vrrp_instance VI_1 {
    state ${state}
    interface eth0
    virtual_router_id 51
    priority ${state === 'MASTER' ? '101' : '100'}
    authentication {
        auth_type PASS
        auth_pass hunter2x
    }
    virtual_ipaddress {
        ${vip}/24 # the API servers
    }
    track_script {
        check_apiserver
    }
}
`

/** The ConfigMap in which kubeadm keeps what it was told. */
export const kubeadmConfig = (controlPlaneEndpoint: string): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kubeadm-config', namespace: 'kube-system' },
  data: {
    ClusterConfiguration: `apiServer: {}\napiVersion: kubeadm.k8s.io/v1beta4\nclusterName: kubernetes\ncontrolPlaneEndpoint: ${controlPlaneEndpoint}\nkind: ClusterConfiguration\n`,
  },
})

/** A recording without kube-vip (lan-healthy by default) whose control plane keepalived makes reachable. */
export function keepalivedCluster(wanted: KeepalivedCluster = {}, base = 'lan-healthy'): Promise<Evidence> {
  const { bound = ['controller-0'], endpoint = `${controlPlaneVip}:6443` } = wanted
  const { running = ['controller-0', 'controller-1'], configured = running } = wanted
  return variant(base, {
    ...(endpoint === null
      ? {}
      : { 'kubernetes/configmaps.json': editJson(({ items }: Json) => items.push(kubeadmConfig(endpoint))) }),
    ...Object.fromEntries(
      running.map((node) => [
        `nodes/${node}/processes.txt`,
        (text: string) => `${text.trimEnd()}\n   4242 /usr/sbin/keepalived --dont-fork\n`,
      ]),
    ),
    ...Object.fromEntries(
      configured.map((node, at) => [`nodes/${node}/keepalived.conf`, keepalivedConf(at === 0 ? 'MASTER' : 'BACKUP')]),
    ),
    ...Object.assign({}, ...bound.map((node) => withAddress(node, controlPlaneVip))),
    ...wanted.changes,
  })
}

/** An address more on an interface of a node, with its entry in the table `local`. */
export const withAddress = (node: string, local: string, device = 'eth0'): Readonly<Record<string, Change>> => ({
  [`nodes/${node}/ip-addr.json`]: editJson((links: Json) => {
    const held = { family: 'inet', local, prefixlen: 24, scope: 'global' }
    const link = links.find(({ ifname }: Json) => ifname === device)
    if (link === undefined) links.push({ ifindex: 90, ifname: device, addr_info: [held] })
    else link.addr_info.push({ ...held, secondary: true })
  }),
  [`nodes/${node}/ip-route.json`]: editJson((routes: Json) => {
    routes.push({
      type: 'local',
      dst: local,
      dev: device,
      table: 'local',
      protocol: 'kernel',
      scope: 'host',
      prefsrc: local,
    })
  }),
})
