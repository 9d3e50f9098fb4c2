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
  const link = links.find(({ ifname }) => ifname === device)
  // Cilium routes to cilium_host and encapsulates behind it, in cilium_vxlan or cilium_geneve.
  const behind =
    device === 'cilium_host' ? links.find(({ ifname }) => /^cilium_(vxlan|geneve)$/.test(ifname ?? '')) : undefined
  const kind = (behind ?? link)?.linkinfo?.info_kind ?? kindByName(device)
  const tunnel = tunnels[kind]
  if (tunnel !== undefined) {
    const port = portOf((behind ?? link)?.linkinfo?.info_data) ?? tunnel.port
    return { by: 'tunnel', device, protocol: tunnel.protocol, port, proof }
  }
  const gateway = route.gateway ?? route.via?.host ?? route.nexthops?.[0]?.gateway
  return gateway === undefined ? { by: 'link', device, proof } : { by: 'gateway', gateway, proof }
}

/** Where `ip -j link` was run without details, the names that CNI plugins give. */
const kindByName = (device: string): string =>
  /^tunl0$/.test(device)
    ? 'ipip'
    : /^(flannel\.|vxlan|cilium_vxlan)/.test(device)
      ? 'vxlan'
      : /^(wg|flannel-wg|cilium_wg)/.test(device)
        ? 'wireguard'
        : ''

function portOf(data: unknown): number | null {
  const { port } = (typeof data === 'object' && data !== null ? data : {}) as { readonly port?: unknown }
  return typeof port === 'number' ? port : null
}
