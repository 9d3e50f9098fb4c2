import type { EvidenceKind } from '../evidence/kinds.ts'
import type { Delivery, FabricName } from '../evidence/question.ts'
import type { Context, NodeContext } from '../journey/context.ts'
import type { AnnouncerName } from '../lb/announcers.ts'
import type { Draft } from './finding.ts'
import type { Hop } from './hop.ts'

export type { Context, NodeContext } from '../journey/context.ts'

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
  /** The check of the same hop behind which this one stands, where the order by name is not the packet's. */
  readonly after?: `${Hop}/${string}`
  /** What is true when it passes. */
  readonly title: string
  /** The evidence it cannot do without; a gap there makes it `unknown` without running. Kinds of a node are looked up for the node of the run. */
  readonly needs: readonly EvidenceKind[]
  /** What it reads besides, where it is there. */
  readonly alsoReads?: readonly EvidenceKind[]
  /** The fabrics on which it runs, by name or by how they deliver; on all of them where nothing is said. */
  readonly on?: readonly (FabricName | Delivery)[]
  /** The announcer that it is about: for VIPs of others it does not apply. */
  readonly announcer?: AnnouncerName
  /** True, or why it does not apply for another reason. */
  readonly appliesTo?: (context: Context) => true | string
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
