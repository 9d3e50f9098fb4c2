import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap } from '../../evidence/gap.ts'
import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import { perEvidence } from '../../evidence/memo.ts'

/** An interface of a node that has an address. */
export interface Bound {
  readonly node: string
  readonly interface: string
  readonly address: Address
  /** As kube-vip has put it there since 1.0.0, so that the kernel does not choose it as a source. */
  readonly deprecated: boolean
  /** Given by DHCP or by a router's advertisement, never by kube-vip. */
  readonly dynamic: boolean
  readonly proof: Proof
}

/** The interfaces of one node that hold an address; null where its addresses are not known. `kube-ipvs0` answers no ARP and does not count. */
export const boundOn = (evidence: Evidence, node: string, vip: Address): readonly Bound[] | null =>
  onNode(evidence, node)?.filter(({ address }) => sameAddress(address, vip)) ?? null

/** Every interface in the evidence that holds an address, by node. */
export const boundAnywhere = (evidence: Evidence, vip: Address): readonly Bound[] =>
  boundByAddress(evidence).get(vip.text) ?? []

/** Indexed once: a thousand nodes are asked for every VIP. */
const boundByAddress = perEvidence((evidence): ReadonlyMap<string, readonly Bound[]> => {
  const index = new Map<string, Bound[]>()
  for (const node of evidence.nodeNames)
    for (const bound of onNode(evidence, node) ?? []) {
      const list = index.get(bound.address.text)
      if (list === undefined) index.set(bound.address.text, [bound])
      else list.push(bound)
    }
  return index
})

/** Every address on the interfaces of one node; null where they are not known. */
function onNode(evidence: Evidence, node: string): readonly Bound[] | null {
  const links = evidence.node(node).ipAddr
  if (isGap(links)) return null
  return links
    .filter(({ ifname }) => ifname !== 'kube-ipvs0')
    .flatMap((link) =>
      (link.addr_info ?? []).flatMap(({ local, deprecated = false, dynamic = false }, at) => {
        const address = parseAddress(local)
        return address === null
          ? []
          : [
              {
                node,
                interface: link.ifname ?? '',
                address,
                deprecated,
                dynamic,
                proof: cite(link, 'addr_info', at, 'local'),
              },
            ]
      }),
    )
}
