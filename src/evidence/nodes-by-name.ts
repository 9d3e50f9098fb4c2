import type { Evidence } from './evidence.ts'
import { known } from './gap.ts'
import type { Node } from './kubernetes.ts'
import { perEvidence } from './memo.ts'

/** The Node objects by name; empty where they were not read. */
export const nodesByName = perEvidence(
  (evidence: Evidence): ReadonlyMap<string, Node> =>
    new Map([...(known(evidence.kubernetes.nodes) ?? [])].reverse().map((node) => [node.metadata?.name ?? '', node])),
)
