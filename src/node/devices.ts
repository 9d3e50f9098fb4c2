import type { NodeState } from './node-state.ts'

/** Bridges that container runtimes, CNI plugins and libvirt make for what runs on the node, and devices with nothing behind them, by name. */
const inside =
  /^(docker\d+|br-[0-9a-f]{12}|cni\d+|cnio\d+|cni-podman\d+|podman\d+|cbr\d+|kube-bridge|virbr\d+|lxcbr\d+|lxdbr\d+|incusbr\d+|dummy\d*)$/

/** Kinds of links that are an end of something on the node itself. */
const ends = new Set(['veth', 'tun'])

/**
 * Whether nothing beyond the node is behind a device: a bridge of which no port leads out (a network card, a bond, a VLAN), or a dummy. What
 * `ip link` says of the device and its ports decides, else its name.
 */
export function leadsInside({ links }: NodeState, device: string): boolean {
  const link = links.find(({ ifname }) => ifname === device)
  const kind = link?.linkinfo?.info_kind
  if (kind === 'dummy') return true
  if (kind !== undefined && kind !== 'bridge') return false
  if (kind === undefined && !inside.test(device)) return false
  return links.every(({ master, linkinfo, ifname = '' }) => master !== device || isEnd(linkinfo?.info_kind, ifname))
}

/** `ip link` without details says no kind: then the name does. A machine that is a container itself has a veth for a network card. */
const isEnd = (kind: string | undefined, name: string): boolean =>
  kind === undefined ? /^(veth|tap|vnet|fwpr)/.test(name) : ends.has(kind) && !/^(eth|en)/.test(name)

const tunnelKinds = new Set(['wireguard', 'tun', 'ipip', 'sit', 'gre', 'ip6tnl', 'ip6gre', 'vti', 'xfrm', 'ppp'])
const tunnelNames = /^(wg|tun|tailscale|ppp|ipsec|zt)\w*$/

/** Whether a device is the end of a tunnel without frames of its own: what comes through it meets no network that the evidence shows. */
export function isTunnel({ links }: NodeState, device: string): boolean {
  const kind = links.find(({ ifname }) => ifname === device)?.linkinfo?.info_kind
  return kind === undefined ? tunnelNames.test(device) : tunnelKinds.has(kind)
}

/** Whether a link carries nothing: it was set down, or a bridge has no port that is up (Linux Documentation/networking/operstates.rst). */
export const isDown = ({ operstate, flags }: Pick<NodeState['links'][number], 'operstate' | 'flags'>): boolean =>
  operstate === 'DOWN' || operstate === 'LOWERLAYERDOWN' || flags?.includes('UP') === false
