import { citeList, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, type Known } from '../evidence/gap.ts'
import { conform } from '../evidence/shape.ts'
import { parseAddress, sameAddress, type Address } from '../net/address.ts'

/** An entry of a node's neighbour table that has a hardware address (in lower case). */
export interface Neighbour {
  readonly device: string
  readonly lladdr: string
  readonly proof: Proof
}

const shape = [{ dst: 'string', dev: 'string', lladdr: 'string', state: ['string'] }] as const

/** What a node's neighbour table (`ip -j neigh`) says of an address; entries without an answer are left out. */
export function neighboursOf(evidence: Evidence, node: string, address: Address): Known<readonly Neighbour[]> {
  const printed = evidence.node(node).ipNeigh
  if (isGap(printed)) return printed
  const { file } = printed
  let json: unknown
  try {
    json = JSON.parse(printed.text)
  } catch {
    return gap(file, 'not JSON')
  }
  const read = conform(json, shape)
  if ('misfit' in read) return gap(file, `not what its name says: ${read.misfit.pointer} is ${read.misfit.found}`)
  return read.value.flatMap(({ dst, dev, lladdr, state }, index): readonly Neighbour[] => {
    if (lladdr === undefined || !sameAddress(parseAddress(dst), address)) return []
    if (state?.some((one) => one === 'FAILED' || one === 'INCOMPLETE') === true) return []
    const hardware = lladdr.toLowerCase()
    return [{ device: dev ?? '', lladdr: hardware, proof: citeList(file, `/${String(index)}/lladdr`, hardware) }]
  })
}
