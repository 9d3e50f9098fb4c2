import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import { parseAddress, sameAddress, type Address } from '../net/address.ts'

/** An entry of a node's neighbour table that has a hardware address (in lower case). */
export interface Neighbour {
  readonly device: string
  readonly lladdr: string
  readonly proof: Proof
}

/** What a node's neighbour table (`ip -j neigh`) says of an address; entries without an answer are left out. */
export function neighboursOf(evidence: Evidence, node: string, address: Address): Known<readonly Neighbour[]> {
  const entries = evidence.node(node).ipNeigh
  if (isGap(entries)) return entries
  return entries.flatMap((entry): readonly Neighbour[] => {
    const { dst, dev, lladdr, state } = entry
    if (lladdr === undefined || !sameAddress(parseAddress(dst), address)) return []
    if (state?.some((one) => one === 'FAILED' || one === 'INCOMPLETE') === true) return []
    return [{ device: dev ?? '', lladdr: lladdr.toLowerCase(), proof: cite(entry, 'lladdr') }]
  })
}
