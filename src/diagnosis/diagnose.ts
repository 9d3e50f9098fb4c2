import type { Check, Context } from '../checks/check.ts'
import type { Unread } from '../checks/finding.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known, type Gap } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { worst, type Answer, type Diagnosis, type HidingGap, type JudgedAccount } from './diagnosis.ts'
import { judgeResults } from './judge.ts'
import { nodePortPaths } from './node-ports.ts'
import { receivingNodes } from './receiving.ts'
import { runChecks, type Result } from './run-checks.ts'

/** Judges every question over the same evidence. Worst first; `questionGaps` are those that may hide questions nobody could ask. NodePorts are judged besides where that is asked for. */
export function answer(
  checks: readonly Check[],
  evidence: Evidence,
  questions: readonly Question[],
  questionGaps: readonly Gap[],
  withNodePorts = false,
): Answer {
  const hidden = new Map<string, { gap: Unread; ids: Set<string> }>()
  const hide = (gap: Unread, ids: readonly string[]) => {
    const known = hidden.get(gap.source) ?? { gap, ids: new Set<string>() }
    hidden.set(gap.source, known)
    for (const id of ids) known.ids.add(id)
  }
  for (const gap of questionGaps)
    hide(
      gap,
      checks.map(({ id }) => id),
    )
  for (const gap of evidence.recordedGaps) hide(gap, [])
  const diagnoses = questions.map((question) => {
    const { diagnosis, results } = diagnose(checks, evidence, question, withNodePorts)
    for (const { check, draft } of results) for (const gap of draft.gaps ?? []) hide(gap, [check.id])
    return diagnosis
  })
  const gaps = [...hidden.values()].map(({ gap, ids }): HidingGap => ({
    source: gap.source,
    reason: gap.reason,
    hides: [...ids].sort(),
  }))
  const verdicts = diagnoses.map(({ verdict }) => verdict)
  return {
    verdict: worst(questionGaps.length > 0 ? [...verdicts, 'inconclusive'] : verdicts),
    account: accountOf(evidence),
    diagnoses: (['unreachable', 'inconclusive', 'reachable'] as const).flatMap((verdict) =>
      diagnoses.filter((one) => one.verdict === verdict),
    ),
    gaps: gaps.sort((one, other) => (one.source < other.source ? -1 : 1)),
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
  const judgement = judgeResults(results, receiving, checks)
  const nodePorts = withNodePorts ? nodePortPaths(checks, evidence, question) : null
  return { diagnosis: { question, receiving, ...judgement, nodePorts }, results }
}
