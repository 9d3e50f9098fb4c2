import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Node } from '../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../evidence/memo.ts'
import { internalAddresses } from '../fabric/ec2/cluster-vpc.ts'
import type { Address } from '../net/address.ts'

/** The node whose own address this is: its kernel answers for it, whatever is announced. Of two that claim one address the first. */
export const nodeWithAddress = (evidence: Evidence, { text }: Address): Node | null =>
  nodesByAddress(evidence).get(text) ?? null

const nodesByAddress = perEvidence(
  (evidence: Evidence): ReadonlyMap<string, Node> =>
    new Map(
      [...(known(evidence.kubernetes.nodes) ?? [])]
        .reverse()
        .flatMap((node) => internalAddresses(node).map(({ text }): [string, Node] => [text, node])),
    ),
)
