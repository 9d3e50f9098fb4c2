import type { EvidenceKind } from '../evidence/kinds.ts'
import type { About, Delivery, FabricName, Question, ServiceQuestion, WithVip } from '../evidence/question.ts'
import type { Context, NodeContext } from '../journey/context.ts'
import type { AnnouncerName } from '../lb/announcers.ts'
import type { Draft } from './finding.ts'
import type { Hop } from './hop.ts'

export type { Context, NodeContext } from '../journey/context.ts'

/** What a check is asked behind the hops at which a VIP may be missing, and at a node. */
export type VipContext = Context<WithVip>
export type VipNodeContext = NodeContext<WithVip>

/** The same, of a Service. */
export type ServiceContext = Context<WithVip<ServiceQuestion>>
export type ServiceNodeContext = NodeContext<WithVip<ServiceQuestion>>

/**
 * A check's docs, printed by `vipdoctor explain` and into docs/findings: `means` says what a failure is, `byHand` how to see it without
 * this program, `mend` how to mend it, `sources` where the facts stand (specification, kernel file, page title; never a bare link:
 * what makes links of them is report/source-links.ts).
 */
interface Docs {
  readonly means: string
  readonly byHand: string
  readonly mend: string
  readonly sources: readonly string[]
}

interface Common<Q extends Question> {
  /** `hop/name`: folder and file name; stable for ever, the user's handle. */
  readonly id: CheckId
  /** The check of the same hop behind which this one stands, where the order by name is not the packet's. */
  readonly after?: CheckId
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
  readonly appliesTo?: (context: Context<Q>) => true | string
  /** What its questions are about; where nothing is said, whatever the nodes receive: all but what OVN carries. */
  readonly about?: readonly About[]
  /** Its answer depends on the fabric, the VPC and the node of the run alone, and on no VIP, port or client: it is found once for all of them. */
  readonly ofCluster?: true
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
export type Check<Q extends Question = Question> =
  | (Common<Q> & { readonly each?: undefined; readonly run: (context: Context<Q>) => readonly Draft[] })
  | (Common<Q> & {
      readonly each: 'receiving' | 'endpoint' | 'node'
      readonly run: (context: NodeContext<Q>) => readonly Draft[]
    })

/** `hop/name`, as the folder and the file are called. */
export type CheckId = `${Hop}/${string}`

/** The hops at which a question without a VIP is asked too. */
type BeforeVip = 'assignment' | 'control'

/** What a check is asked: of what it is about, and with a VIP but at the hops before there is one. */
type Asked<Id extends CheckId, A extends About> = Id extends `${BeforeVip}/${string}`
  ? Extract<Question, { about: A }>
  : WithVip<Extract<Question, { about: A }>>

/** States a check with its type. The runner asks it only what it is about (`whySkipped`), so that inside its question is no wider. */
export const defineCheck = <const Id extends CheckId, const A extends About = Exclude<About, 'kube-ovn'>>(
  check: Check<Asked<Id, A>> & { readonly id: Id; readonly about?: readonly A[] },
): Check => check as unknown as Check
