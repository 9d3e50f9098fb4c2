import type { Evidence } from '../evidence/evidence.ts'
import { nodeNamesByAddress } from '../evidence/kubernetes/nodes-by-name.ts'
import { podsAt } from '../evidence/kubernetes/pods.ts'
import type { Address } from '../net/address.ts'

/** The node that an address lives on: a pod's, or the node's own. */
export const nodeOfPod = (evidence: Evidence, address: Address): string | null =>
  nodeNamesByAddress(evidence).get(address.text) ??
  podsAt(evidence, address).findLast(({ spec }) => spec?.nodeName !== undefined)?.spec?.nodeName ??
  null
