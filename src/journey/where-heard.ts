import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { announcing } from '../lb/announcers.ts'
import type { Address } from '../net/address.ts'
import { receivingNodes } from './receiving.ts'

/** How a VIP is spoken of on the wire. */
export type Speech = 'arp' | 'ndp' | 'bgp'

/** Where and for what to listen, to hear who announces these VIPs. */
export interface WhereHeard {
  /** Those that may announce a VIP, and those that receive its packets, each with one of its VIPs; sorted by name. */
  readonly nodes: readonly { readonly name: string; readonly vip: Address }[]
  readonly speech: ReadonlySet<Speech>
  readonly vips: readonly Address[]
}

/** On how many nodes a VIP is listened for, where any of more may announce it. */
const mostNodes = 8

/** Judged by what is known before any node was read. */
export function whereHeard(evidence: Evidence, questions: readonly Question[]): WhereHeard {
  const nodes = new Map<string, Address>()
  const speech = new Set<Speech>()
  const vips = new Map<string, Address>()
  for (const question of questions) {
    const { vip } = question
    if (vip === null) continue
    const { observed, predicted, byBgp, eligible } = announcing(evidence, question)
    const elected = known(predicted)
    const bgp = known(byBgp) ?? []
    const may = [...(known(observed) ?? []), ...(elected === null ? [] : [elected]), ...bgp, ...(known(eligible) ?? [])]
    const wanted = [...new Set([...may, ...receivingNodes(evidence, question).nodes])]
    for (const name of wanted.slice(0, mostNodes)) if (!nodes.has(name)) nodes.set(name, vip)
    if (bgp.length > 0) speech.add('bgp')
    if (bgp.length === 0 || elected !== null) speech.add(vip.family === 4 ? 'arp' : 'ndp')
    vips.set(vip.text, vip)
  }
  const named = [...nodes].map(([name, vip]) => ({ name, vip }))
  return {
    nodes: named.sort((one, other) => (one.name < other.name ? -1 : 1)),
    speech,
    vips: [...vips.values()],
  }
}
