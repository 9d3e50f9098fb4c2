import type { Check, Context } from '../checks/check.ts'
import type { Unread } from '../checks/finding.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known, type Gap } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import {
  verdicts,
  worst,
  type Answer,
  type Diagnosis,
  type HidingGap,
  type JudgedAccount,
  type Verdict,
} from './diagnosis.ts'
import { judgeResults } from './judge.ts'
import { nodePortPaths } from './node-ports.ts'
import { endpointByName } from '../lb/kubeadm.ts'
import { judgedFabric } from '../fabric/recognise.ts'
import { receivingNodes } from '../journey/receiving.ts'
import { runChecks, type Result } from './run-checks.ts'

/** Judges every question over the same evidence. `questionGaps` are those that may hide questions nobody could ask. NodePorts are judged besides where that is asked for. */
export const answer = (
  checks: readonly Check[],
  evidence: Evidence,
  questions: readonly Question[],
  questionGaps: readonly Gap[],
  withNodePorts = false,
): Answer => answerAs((diagnosis) => diagnosis, checks, evidence, questions, questionGaps, withNodePorts)

/** As {@link answer}, with what `present` makes of each diagnosis in its place: ten thousand diagnoses are gigabytes, and what is said of them is not. */
export const answerAs = <T>(
  present: (diagnosis: Diagnosis) => T,
  checks: readonly Check[],
  evidence: Evidence,
  questions: readonly Question[],
  questionGaps: readonly Gap[],
  withNodePorts: boolean,
): Answer<T> =>
  answerOf(checks, evidence, questions, questionGaps, [
    judgeShare(present, checks, evidence, questions, questions.keys(), withNodePorts),
  ])

/** What was judged of a part of the questions: data alone where `T` is, so that another thread can have judged it. */
export interface Share<T> {
  /** Of the question at this place: its verdict, and what is kept of its diagnosis. */
  readonly judged: readonly { readonly at: number; readonly verdict: Verdict; readonly kept: T }[]
  /** Whether any has a warning. */
  readonly warned: boolean
  /** What came up first at which place. */
  readonly gaps: readonly (HidingGap & { readonly at: number })[]
}

/** Judges the questions at some places, in their order. */
export function judgeShare<T>(
  present: (diagnosis: Diagnosis) => T,
  checks: readonly Check[],
  evidence: Evidence,
  questions: readonly Question[],
  places: Iterable<number>,
  withNodePorts: boolean,
): Share<T> {
  const hidden = new Hidden()
  const judged: Share<T>['judged'][number][] = []
  let warned = false
  for (const at of places) {
    const question = questions[at]
    if (question === undefined) break
    const { diagnosis, results } = diagnose(checks, evidence, question, withNodePorts)
    for (const { check, draft } of results) for (const gap of draft.gaps ?? []) hidden.add(gap, [check.id], at)
    judged.push({ at, verdict: diagnosis.verdict, kept: present(diagnosis) })
    warned ||= diagnosis.findings.some(({ status }) => status === 'warn')
  }
  return { judged, warned, gaps: hidden.sorted() }
}

/** The answer that shares come to which have all questions between them. */
export function answerOf<T>(
  checks: readonly Check[],
  evidence: Evidence,
  questions: readonly Question[],
  questionGaps: readonly Gap[],
  shares: readonly Share<T>[],
): Answer<T> {
  const hidden = new Hidden()
  for (const gap of questionGaps)
    hidden.add(
      gap,
      checks.map(({ id }) => id),
    )
  for (const gap of evidence.recordedGaps) hidden.add(gap, [])
  const unresolved = endpointByName(evidence)
  if (unresolved !== null) hidden.add(unresolved, [])
  // One thing may be unread for two reasons: the first question's is told, whoever judged it.
  const inShares = shares.flatMap(({ gaps }) => gaps).sort((one, other) => one.at - other.at)
  for (const gap of inShares) hidden.add(gap, gap.hides)
  const judged = shares.flatMap((share) => share.judged).sort((one, other) => one.at - other.at)
  const counts: Record<Verdict, number> = { unreachable: 0, inconclusive: 0, reachable: 0 }
  for (const { verdict } of judged) counts[verdict] += 1
  const given = verdicts.filter((verdict) => counts[verdict] > 0)
  return {
    verdict: worst(questionGaps.length > 0 ? [...given, 'inconclusive'] : given),
    counts,
    warned: shares.some((share) => share.warned),
    complete: questionGaps.length === 0,
    account: accountOf(evidence),
    fabric: judgedFabric(evidence, questions[0]?.fabric ?? null),
    diagnoses: verdicts.flatMap((verdict) => judged.filter((one) => one.verdict === verdict).map(({ kept }) => kept)),
    gaps: hidden.sorted().map(({ source, reason, hides }) => ({ source, reason, hides })),
  }
}

/** The gaps that came up, each with the checks that it hides. */
class Hidden {
  readonly #bySource = new Map<string, { gap: Unread; ids: Set<string>; at: number }>()

  /** `at` is the place of the question at which it came up. */
  add(gap: Unread, ids: readonly string[], at = 0): void {
    const known = this.#bySource.get(gap.source) ?? { gap, ids: new Set<string>(), at }
    this.#bySource.set(gap.source, known)
    for (const id of ids) known.ids.add(id)
  }

  sorted(): Share<unknown>['gaps'] {
    return [...this.#bySource.values()]
      .map(({ gap: { source, reason }, ids, at }) => ({ source, reason, hides: [...ids].sort(), at }))
      .sort((one, other) => (one.source < other.source ? -1 : 1))
  }
}

function accountOf({ aws }: Evidence): JudgedAccount | null {
  return aws.asked ? { id: known(aws.callerIdentity)?.Account ?? null, region: known(aws.region) } : null
}

function diagnose(
  checks: readonly Check[],
  evidence: Evidence,
  question: Question,
  withNodePorts: boolean,
): { diagnosis: Diagnosis; results: readonly Result[] } {
  const receiving = receivingNodes(evidence, question)
  const context: Context = { evidence, question, receiving, node: null }
  const results = runChecks(checks, context)
  const judgement = judgeResults(results, context, checks)
  const nodePorts = withNodePorts ? nodePortPaths(checks, evidence, question) : null
  return { diagnosis: { question, receiving, nodesRead: evidence.nodeNames, ...judgement, nodePorts }, results }
}
