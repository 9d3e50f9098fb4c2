import type { Evidence } from '../evidence/evidence.ts'
import type { EvidenceKind } from '../evidence/kinds.ts'
import type { Question } from '../evidence/question.ts'
import type { Draft } from './finding.ts'
import type { Hop } from './hop.ts'

/**
 * At which nodes the packet enters the cluster, and how that is known.
 * `owner`: its interface owns the VIP; `route`: a route of the VPC points at it; `announcer`: it was seen to announce the VIP;
 * `predicted`: it would be elected; `candidate`: nobody may announce, so any node with an interface in the VIP's subnet.
 * More than one node where the VIP is announced by several (BGP), or only candidates are known. None where nothing is known.
 */
export interface Receiving {
  readonly by: 'owner' | 'route' | 'announcer' | 'predicted' | 'candidate' | 'client' | 'unknown'
  readonly nodes: readonly string[]
}

/** What a check is asked. */
export interface Context {
  readonly evidence: Evidence
  readonly question: Question
  readonly receiving: Receiving
  /** For a check of each node (`each`): the node that this run is about. Null otherwise. */
  readonly node: string | null
}

/** A context about one node. */
export type NodeContext = Context & { readonly node: string }

/**
 * A check's docs, printed by `vipdoctor explain` and into docs/findings: `means` says what a failure is, `byHand` how to see it without
 * this program, `mend` how to mend it, `sources` where the facts stand (specification, kernel file, page title; never a bare link).
 */
export interface Docs {
  readonly means: string
  readonly byHand: string
  readonly mend: string
  readonly sources: readonly string[]
}

interface Common {
  /** `hop/name`: folder and file name; stable for ever, the user's handle. */
  readonly id: `${Hop}/${string}`
  /** What is true when it passes. */
  readonly title: string
  /** The evidence it cannot do without; a gap there makes it `unknown` without running. Kinds of a node are looked up for the node of the run. */
  readonly needs: readonly EvidenceKind[]
  /** What it reads besides, where it is there. */
  readonly alsoReads?: readonly EvidenceKind[]
  /** True, or why it does not apply. */
  readonly appliesTo: (context: Context) => true | string
  /** True for a check of the VIPs that OVN carries. The others do not apply to those: no node announces or translates them. */
  readonly kubeOvn?: true
  /** Whether a failure by itself stops the packet; a check that does not block only warns, and its unknown leaves the verdict alone. */
  readonly blocks: boolean
  /** Ids of checks whose failure explains a failure of this one: then it is their consequence. */
  readonly consequenceOf?: readonly string[]
  readonly docs: Docs
}

/**
 * One check, in one file, with one pure function. `each` says for which nodes the runner runs it apart:
 * `receiving` for every receiving node, `endpoint` for every node with an endpoint of the Service, `node` for every node of the cluster.
 */
export type Check =
  | (Common & { readonly each?: undefined; readonly run: (context: Context) => readonly Draft[] })
  | (Common & {
      readonly each: 'receiving' | 'endpoint' | 'node'
      readonly run: (context: NodeContext) => readonly Draft[]
    })

/** States a check with its type. */
export const defineCheck = (check: Check): Check => check
