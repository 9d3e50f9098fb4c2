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
export function answerAs<T>(
  present: (diagnosis: Diagnosis) => T,
  checks: readonly Check[],
  evidence: Evidence,
  questions: readonly Question[],
  questionGaps: readonly Gap[],
  withNodePorts: boolean,
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
  const judged: Record<Verdict, T[]> = { unreachable: [], inconclusive: [], reachable: [] }
  let warned = false
  for (const question of questions) {
    const { diagnosis, results } = diagnose(checks, evidence, question, withNodePorts)
    for (const { check, draft } of results) for (const gap of draft.gaps ?? []) hidden.add(gap, [check.id])
    judged[diagnosis.verdict].push(present(diagnosis))
    warned ||= diagnosis.findings.some(({ status }) => status === 'warn')
  }
  const given = verdicts.filter((verdict) => judged[verdict].length > 0)
  return {
    verdict: worst(questionGaps.length > 0 ? [...given, 'inconclusive'] : given),
    counts: {
      unreachable: judged.unreachable.length,
      inconclusive: judged.inconclusive.length,
      reachable: judged.reachable.length,
    },
    warned,
    complete: questionGaps.length === 0,
    account: accountOf(evidence),
    fabric: judgedFabric(evidence, questions[0]?.fabric ?? null),
    diagnoses: verdicts.flatMap((verdict) => judged[verdict]),
    gaps: hidden.sorted(),
  }
}

/** The gaps that came up, each with the checks that it hides. */
class Hidden {
  readonly #bySource = new Map<string, { gap: Unread; ids: Set<string> }>()

  add(gap: Unread, ids: readonly string[]): void {
    const known = this.#bySource.get(gap.source) ?? { gap, ids: new Set<string>() }
    this.#bySource.set(gap.source, known)
    for (const id of ids) known.ids.add(id)
  }

  sorted(): HidingGap[] {
    return [...this.#bySource.values()]
      .map(({ gap: { source, reason }, ids }): HidingGap => ({ source, reason, hides: [...ids].sort() }))
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
