import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { parseAddress, sameAddress, type Address } from '../../net/address.ts'

/** An interface of a node that has an address. */
export interface Bound {
  readonly node: string
  readonly interface: string
  /** As kube-vip has put it there since 1.0.0, so that the kernel does not choose it as a source. */
  readonly deprecated: boolean
  readonly proof: Proof
}

/** The interfaces of one node that hold an address; null where its addresses are not known. `kube-ipvs0` answers no ARP and does not count. */
export function boundOn(evidence: Evidence, node: string, vip: Address): readonly Bound[] | null {
  const links = evidence.node(node).ipAddr
  if (isGap(links)) return null
  return links
    .filter(({ ifname }) => ifname !== 'kube-ipvs0')
    .flatMap((link) =>
      (link.addr_info ?? []).flatMap(({ local, deprecated = false }, at) =>
        sameAddress(parseAddress(local), vip)
          ? [{ node, interface: link.ifname ?? '', deprecated, proof: cite(link, 'addr_info', at, 'local') }]
          : [],
      ),
    )
}

/** Every interface in the evidence that holds an address, by node. */
export const boundAnywhere = (evidence: Evidence, vip: Address): readonly Bound[] =>
  (nodesHolding(evidence).get(vip.text) ?? []).flatMap((node) => boundOn(evidence, node, vip) ?? [])

/** The nodes on which an address stands, in their order: for 10,000 VIPs not every node is asked 10,000 times. */
const nodesHolding = perEvidence((evidence: Evidence): ReadonlyMap<string, readonly string[]> => {
  const holding = new Map<string, string[]>()
  for (const node of evidence.nodeNames) {
    const links = known(evidence.node(node).ipAddr) ?? []
    const texts = links.flatMap(({ addr_info = [] }) =>
      addr_info.flatMap(({ local }) => parseAddress(local)?.text ?? []),
    )
    for (const text of new Set(texts)) holding.set(text, [...(holding.get(text) ?? []), node])
  }
  return holding
})
