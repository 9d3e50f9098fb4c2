import { parseAddress } from '../../net/address.ts'
import type { Evidence } from '../evidence.ts'
import { known } from '../gap.ts'
import type { Node } from './kinds.ts'
import { perEvidence } from '../memo.ts'

/** The Node objects by name; empty where they were not read. */
export const nodesByName = perEvidence(
  (evidence: Evidence): ReadonlyMap<string, Node> =>
    new Map([...(known(evidence.kubernetes.nodes) ?? [])].reverse().map((node) => [node.metadata?.name ?? '', node])),
)

/** The names of all nodes: those that the API server lists, and those of which anything was read. Sorted. */
export const everyNodeName = perEvidence((evidence: Evidence): readonly string[] => {
  const listed = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
  return [...new Set([...listed, ...evidence.nodeNames])].sort()
})

/** The names of the nodes by each of their addresses, as {@link parseAddress} writes those. */
export const nodeNamesByAddress = perEvidence(
  (evidence: Evidence): ReadonlyMap<string, string> =>
    new Map(
      (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata, status }) =>
        (status?.addresses ?? []).flatMap(({ address }): [string, string][] => {
          const text = parseAddress(address)?.text
          return text === undefined || metadata?.name === undefined ? [] : [[text, metadata.name]]
        }),
      ),
    ),
)
