import type { Evidence } from '../evidence/evidence.ts'
import type { Question } from '../evidence/question.ts'

/**
 * At which nodes the packet enters the cluster, and how that is known.
 * `owner`: its interface owns the VIP; `route`: a route of the VPC points at it; `announcer`: it was seen to announce the VIP;
 * `predicted`: it would be elected; `candidate`: nobody may announce, so any node with an interface in the VIP's subnet;
 * `client`: the packet starts there.
 * More than one node where the VIP is announced by several (BGP), or only candidates are known. None where nothing is known.
 */
export interface Receiving {
  readonly by: 'owner' | 'route' | 'announcer' | 'predicted' | 'candidate' | 'client' | 'unknown'
  readonly nodes: readonly string[]
}

/** What is asked about one packet; `Q` is what is known of the question where it is asked. */
export interface Context<Q extends Question = Question> {
  readonly evidence: Evidence
  readonly question: Q
  readonly receiving: Receiving
  /** The node that is asked about, where each of several is. Null otherwise. */
  readonly node: string | null
}

/** A context about one node. */
export type NodeContext<Q extends Question = Question> = Context<Q> & { readonly node: string }
