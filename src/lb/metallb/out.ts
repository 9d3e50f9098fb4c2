/** What puts a node out, so that its speaker announces a VIP by ARP or NDP, or tells a router of it by BGP, to nobody. */
export type Out =
  | 'network-unavailable'
  | 'exclude-label'
  | 'cordoned'
  | 'no-l2-advertisement'
  | 'no-bgp-advertisement'
  | 'no-speaker'
  | 'speaker-not-ready'
  | 'no-endpoint'
  | 'no-own-endpoint'
  | 'no-peer'
  | 'peers-not-named'

/** A node with this label is passed over by load balancers. */
export const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers'

/** The nodes that fall out of a funnel, by what puts them out, in the order in which they stand there. */
export function outsOf(
  funnel: readonly { readonly node: string; readonly out: Out | null }[],
): readonly { readonly reason: Out; readonly nodes: readonly string[] }[] {
  const nodes = new Map<Out, string[]>()
  for (const { node, out } of funnel) if (out !== null) nodes.set(out, [...(nodes.get(out) ?? []), node])
  return [...nodes].map(([reason, those]) => ({ reason, nodes: those }))
}
