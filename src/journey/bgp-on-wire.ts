import { concludeBgp, type BgpConclusion } from '../capture/bgp/conclude.ts'
import { bgpObserver } from '../capture/bgp/observe.ts'
import { recordedCaptures, type RecordedCapture } from '../capture/recorded.ts'
import { citeList, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { perEvidence } from '../evidence/memo.ts'
import { parseAddress, type Address } from '../net/address.ts'
import { counted } from '../net/words.ts'

/** What a capture shows of the BGP sessions of one node with one peer. */
export interface BgpSeen {
  readonly capture: RecordedCapture
  readonly node: string
  readonly peer: Address
  readonly conclusion: BgpConclusion
  readonly proof: Proof
}

/** Which node an address is of, by what the nodes say of themselves. */
const nodesByAddress = perEvidence(
  (evidence): ReadonlyMap<string, string> =>
    new Map(
      (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata, status }) =>
        (status?.addresses ?? []).flatMap(({ address }): [string, string][] => {
          const parsed = parseAddress(address)
          return parsed === null ? [] : [[parsed.text, metadata?.name ?? '']]
        }),
      ),
    ),
)

/**
 * The sessions between nodes and what is no node, in each capture; between two nodes a CNI's own mesh speaks. A capture of a node tells of
 * that node alone: what others said is not all in it.
 */
export function bgpOnWire(evidence: Evidence, vip: Address): readonly BgpSeen[] {
  const nodes = nodesByAddress(evidence)
  return recordedCaptures(evidence).flatMap((capture) => {
    const ends = new Map(
      capture.segments.flatMap(({ source, destination }) => [source, destination]).map((one) => [one.text, one]),
    )
    const peers = [...ends.values()].filter(({ text }) => !nodes.has(text))
    return peers.flatMap((peer) => {
      const { see, sessions } = bgpObserver(peer)
      for (const segment of capture.segments) see(segment)
      return concludeBgp(sessions(), peer, vip).flatMap((conclusion): BgpSeen[] => {
        const node = nodes.get(conclusion.host.text)
        if (node === undefined || (capture.seenFrom !== 'client' && capture.seenFrom.node !== node)) return []
        const proof = citeList(capture.file, '', counted(capture.segments.length, 'segment') + ' to or from port 179')
        return [{ capture, node, peer, conclusion, proof }]
      })
    })
  })
}
