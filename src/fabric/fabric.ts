import type { Evidence } from '../evidence/evidence.ts'
import type { Address } from '../net/address.ts'
import type { Remedy } from '../net/remedy.ts'
import type { Node } from '../evidence/kubernetes/kinds.ts'
import type { Delivery, FabricName, Question } from '../evidence/question.ts'

/**
 * What carries frames between hosts, as the checks see it. A fabric is one such object in a folder of its own, its name, and its place in
 * the list of `index.ts`; a check says by name or by the kind of delivery on which fabrics it runs.
 */
export interface Fabric {
  readonly name: FabricName
  readonly delivery: Delivery
  /** How surely a node says that it stands here: `named` by its provider id or a mark of the vendor, `looks` by less; null where it does not. */
  readonly recognise: (node: Node) => 'named' | 'looks' | null
  /** The node to which the network itself hands the VIP's packets; null where an announcement decides, where nobody gets them, or where that is not known. */
  readonly deliver: (
    evidence: Evidence,
    question: Question,
  ) => { readonly by: 'owner' | 'route'; readonly node: string } | null
  readonly words: FabricWords
}

/** Whole sentences but for `name`; `%` stands for the VIP. */
export interface FabricWords {
  /** As it completes "the nodes say …". */
  readonly name: string
  /** Why a check that is about other fabrics says nothing here. */
  readonly elsewhere: string
  /** What follows where several announce the VIP; where packets do not hang on that, also what follows where nobody does. */
  readonly announcing: string
  /** Which addresses a pool needs here, for a Service that waits for one. */
  readonly choosing: string
  /** Why it is not known to whom the VIP is delivered; only where `delivery` is `unknown`. */
  readonly unclear?: string
  /** What shows it, by the cloud’s own tool; only for clouds that are known. */
  readonly shows?: (vip: Address, node: string) => Remedy
}
