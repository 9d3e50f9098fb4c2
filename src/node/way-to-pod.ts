import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known, type Known } from '../evidence/gap.ts'
import type { Address } from '../net/address.ts'
import { parseCidr, parseCidrOrAddress, rangeHas, type Cidr } from '../net/range.ts'

/**
 * How a node's own routing table sends a packet to a pod: in a tunnel (with what the wire then sees: IP protocol and UDP port, null where
 * the evidence does not say), to another host by its address, to the subnet's router, or onto the link as it is.
 */
export type WayToPod =
  | {
      readonly by: 'tunnel'
      readonly device: string
      readonly protocol: number
      readonly port: number | null
      readonly proof: Proof
    }
  | { readonly by: 'gateway'; readonly gateway: string; readonly proof: Proof }
  | { readonly by: 'link'; readonly device: string; readonly proof: Proof }
  | { readonly by: 'nothing' }

/** Tunnels by the kernel's name of the link kind. Ports: flannel and Cilium move VXLAN to 8472, the kernel's and IANA's is 4789; Geneve RFC 8926. */
const tunnels: Readonly<Record<string, { readonly protocol: number; readonly port: number | null }>> = {
  vxlan: { protocol: 17, port: null },
  geneve: { protocol: 17, port: 6081 },
  wireguard: { protocol: 17, port: null },
  ipip: { protocol: 4, port: null },
  gre: { protocol: 47, port: null },
}

/** Reads the main routing table of a node (`ip -j route`), longest prefix first. */
export function wayToPod(evidence: Evidence, node: string, pod: Address): Known<WayToPod> {
  const { ipRoute, ipLink } = evidence.node(node)
  if (isGap(ipRoute)) return ipRoute
  let best: { readonly route: (typeof ipRoute)[number]; readonly prefix: Cidr } | null = null
  for (const route of ipRoute) {
    if (route.table !== undefined && route.table !== 'main' && route.table !== 254) continue
    if (route.type !== undefined && route.type !== 'unicast') continue
    const prefix =
      route.dst === 'default' ? parseCidr(pod.family === 4 ? '0.0.0.0/0' : '::/0') : parseCidrOrAddress(route.dst)
    if (prefix === null || !rangeHas(prefix, pod)) continue
    if (best === null || prefix.prefix > best.prefix.prefix) best = { route, prefix }
  }
  if (best === null) return { by: 'nothing' }
  const { route } = best
  const device = route.dev ?? route.nexthops?.[0]?.dev ?? ''
  const proof = cite(route)
  const links = known(ipLink) ?? []
  const tunnel = tunnelOf(device, links)
  if (tunnel !== null) return { by: 'tunnel', device, ...tunnel, proof }
  const gateway = route.gateway ?? route.via?.host ?? route.nexthops?.[0]?.gateway
  return gateway === undefined ? { by: 'link', device, proof } : { by: 'gateway', gateway, proof }
}

type Link = Extract<ReturnType<Evidence['node']>['ipLink'], readonly unknown[]>[number]
type Tunnel = Pick<Extract<WayToPod, { by: 'tunnel' }>, 'protocol' | 'port'>

/** What the wire sees of packets that a node routes to a device; null for a device that is no tunnel and has none behind it. */
function tunnelOf(device: string, links: readonly Link[]): Tunnel | null {
  const behind = behindDevice.find(({ name }) => name === device)?.tunnel
  const link =
    (behind && links.find(({ ifname }) => behind.test(ifname ?? ''))) ?? links.find(({ ifname }) => ifname === device)
  const name = link?.ifname ?? device
  const named = byName.find(({ pattern }) => pattern.test(name))
  const kind = link?.linkinfo?.info_kind ?? named?.kind ?? ''
  const tunnel = tunnels[kind]
  if (tunnel === undefined) return null
  return { protocol: tunnel.protocol, port: portOf(link?.linkinfo?.info_data) ?? named?.port ?? tunnel.port }
}

/** Devices to which pods are routed and behind which another one encapsulates: in the kernel (Cilium), or Open vSwitch (Antrea, Kube-OVN) and Weave. */
const behindDevice: readonly { readonly name: string; readonly tunnel: RegExp }[] = [
  { name: 'cilium_host', tunnel: /^cilium_(vxlan|geneve)$/ },
  { name: 'antrea-gw0', tunnel: /^(genev_sys|vxlan_sys)_\d+$/ },
  { name: 'ovn0', tunnel: /^(genev_sys|vxlan_sys)_\d+$/ },
  { name: 'weave', tunnel: /^vxlan-6784$/ },
]

/** Tunnels by the names that CNI plugins give: their kind where `ip -j link` was run without details, and the port that the plugin chooses. */
const byName: readonly { readonly pattern: RegExp; readonly kind: string; readonly port: number | null }[] = [
  { pattern: /^tunl0$/, kind: 'ipip', port: null },
  { pattern: /^flannel\.\d+$/, kind: 'vxlan', port: 8472 },
  { pattern: /^cilium_vxlan$/, kind: 'vxlan', port: 8472 },
  { pattern: /^cilium_geneve$/, kind: 'geneve', port: 6081 },
  { pattern: /^vxlan(-v6)?\.calico$/, kind: 'vxlan', port: 4789 },
  { pattern: /^vxlan-6784$/, kind: 'vxlan', port: 6784 },
  { pattern: /^genev_sys_6081$/, kind: 'geneve', port: 6081 },
  { pattern: /^vxlan_sys_4789$/, kind: 'vxlan', port: 4789 },
  { pattern: /^flannel-wg$/, kind: 'wireguard', port: 51820 },
  { pattern: /^flannel-wg-v6$/, kind: 'wireguard', port: 51821 },
  { pattern: /^wireguard\.cali$/, kind: 'wireguard', port: 51820 },
  { pattern: /^cilium_wg0$/, kind: 'wireguard', port: 51871 },
  { pattern: /^vxlan/, kind: 'vxlan', port: null },
  { pattern: /^wg/, kind: 'wireguard', port: null },
]

function portOf(data: unknown): number | null {
  const { port } = (typeof data === 'object' && data !== null ? data : {}) as { readonly port?: unknown }
  return typeof port === 'number' && port > 0 ? port : null
}
