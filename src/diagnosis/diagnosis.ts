import type { Receiving } from '../journey/context.ts'
import type { Finding, Status } from '../checks/finding.ts'
import type { PathHop } from '../checks/hop.ts'
import type { Port } from '../net/port.ts'
import type { JudgedFabric } from '../fabric/recognise.ts'
import type { Question } from '../evidence/question.ts'

/** About one VIP and one client. `inconclusive`: nothing stops the packet for sure, and something hides whether it gets through. */
export type Verdict = 'reachable' | 'unreachable' | 'inconclusive'

/** A failure that is enough by itself to stop the packet, with the failures that only follow from it. */
export interface Cause extends Finding {
  readonly consequences: readonly Finding[]
}

/** One hop of the path; behind the first cause it has the status that it would have if that cause were mended. */
export interface PathStep {
  readonly hop: PathHop
  readonly status: Status
  /** The check that speaks for the hop; null where none has anything to say. */
  readonly id: string | null
  /** {@link says} in at most 48 characters. */
  readonly brief: string
  readonly says: string
}

/**
 * What is said about one VIP, Service and port. `possibleCauses` may stop this packet, or stop a part of those like it; `alsoWrong` is broken,
 * but not on this packet's way; `findings` has all, causes included.
 */
export interface Diagnosis {
  readonly question: Question
  readonly receiving: Receiving
  /** The nodes of which anything was read. */
  readonly nodesRead: readonly string[]
  readonly verdict: Verdict
  readonly causes: readonly Cause[]
  readonly possibleCauses: readonly Finding[]
  readonly alsoWrong: readonly Finding[]
  readonly path: readonly PathStep[]
  readonly findings: readonly Finding[]
  /** What a client meets at each node's NodePort; null where that was not asked for. It never changes the verdict. */
  readonly nodePorts: readonly NodePortPath[] | null
}

/** What a client meets at the NodePort of one node. It changes no verdict. */
export interface NodePortPath {
  readonly node: string
  readonly port: Port
  readonly verdict: Verdict
  readonly path: readonly PathStep[]
  readonly findings: readonly Finding[]
}

/** A gap, and the checks that could not answer because of it. */
export interface HidingGap {
  readonly source: string
  readonly reason: string
  readonly hides: readonly string[]
}

/** The AWS account and region whose listings were judged; null where the evidence does not name them. */
export interface JudgedAccount {
  readonly id: string | null
  readonly region: string | null
}

/**
 * The whole answer, worst diagnosis first; a diagnosis may stand there as the text that a report makes of it. `verdict` is the worst of
 * them, `counts` says how many have which, `warned` whether any has a warning. `account` is null where no account was asked, as on a LAN.
 */
export interface Answer<T = Diagnosis> {
  readonly verdict: Verdict
  readonly counts: Readonly<Record<Verdict, number>>
  readonly warned: boolean
  /** False where a listing that may name more VIPs was not read. */
  readonly complete: boolean
  readonly account: JudgedAccount | null
  /** What carries frames between the nodes, as it was judged, and why. */
  readonly fabric: JudgedFabric
  readonly diagnoses: readonly T[]
  readonly gaps: readonly HidingGap[]
}

/** Worst first. */
export const verdicts: readonly Verdict[] = ['unreachable', 'inconclusive', 'reachable']

/** The worst of some verdicts. No verdict at all is inconclusive: nothing was judged. */
export function worst(given: readonly Verdict[]): Verdict {
  return verdicts.find((verdict) => given.includes(verdict)) ?? 'inconclusive'
}
