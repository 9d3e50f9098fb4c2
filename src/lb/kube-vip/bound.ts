import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap } from '../../evidence/gap.ts'
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
  evidence.nodeNames.flatMap((node) => boundOn(evidence, node, vip) ?? [])
