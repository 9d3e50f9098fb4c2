import type { Check, Context } from '../checks/check.ts'
import type { Finding, Status } from '../checks/finding.ts'
import { hops, pathHops, type Hop } from '../checks/hop.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Gap } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import {
  worst,
  type Answer,
  type Cause,
  type Diagnosis,
  type HidingGap,
  type PathStep,
  type Verdict,
} from './diagnosis.ts'
import { receivingNodes } from './receiving.ts'
import { runChecks, type Result } from './run-checks.ts'
import { weigh, type Weighed } from './weigh.ts'

/** Judges every question over the same evidence. Worst first; `questionGaps` are those that may hide questions nobody could ask. */
export function answer(
  checks: readonly Check[],
  evidence: Evidence,
  questions: readonly Question[],
  questionGaps: readonly Gap[],
): Answer {
  const hidden = new Map<string, { gap: Gap; ids: Set<string> }>()
  const hide = (gap: Gap, ids: readonly string[]) => {
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
    const { diagnosis, results } = diagnose(checks, evidence, question)
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
    diagnoses: (['unreachable', 'inconclusive', 'reachable'] as const).flatMap((verdict) =>
      diagnoses.filter((one) => one.verdict === verdict),
    ),
    gaps: gaps.sort((one, other) => (one.source < other.source ? -1 : 1)),
  }
}

function diagnose(
  checks: readonly Check[],
  evidence: Evidence,
  question: Question,
): { diagnosis: Diagnosis; results: readonly Result[] } {
  const receiving = receivingNodes(evidence, question)
  const context: Context = { evidence, question, receiving, node: null }
  const results = runChecks(checks, context)
  const weighed = weigh(results, receiving).sort(compareWeighed)
  const place = new Map(checks.map(({ id }, index) => [id as string, index]))
  const { causes, alsoWrong } = causesOf(weighed, place)
  return {
    diagnosis: {
      question,
      receiving,
      verdict: verdictOf(causes, weighed),
      causes,
      alsoWrong,
      path: pathOf(weighed, causes, place),
      findings: weighed.map(({ finding }) => finding),
    },
    results,
  }
}

function verdictOf(causes: readonly Cause[], weighed: readonly Weighed[]): Verdict {
  if (causes.length > 0) return 'unreachable'
  return weighed.some(({ clouds }) => clouds) ? 'inconclusive' : 'reachable'
}

/** The causes in the packet's order, each with its consequences; and what is broken besides. */
function causesOf(weighed: readonly Weighed[], place: Places): { causes: Cause[]; alsoWrong: Finding[] } {
  const failing = weighed.filter(({ finding }) => finding.status === 'fail')
  const stopping = failing.filter(({ stops }) => stops)
  const inOrder = (one: Weighed, other: Weighed) =>
    hopIndex(one.finding.hop) - hopIndex(other.finding.hop) ||
    (place.get(one.finding.id) ?? 0) - (place.get(other.finding.id) ?? 0)
  const roots = stopping.filter((one) => rootOf(one, failing, stopping) === one).sort(inOrder)
  const causes = roots.map((root): Cause => ({
    ...root.finding,
    consequences: failing
      .filter((one) => one !== root && rootOf(one, failing, stopping) === root)
      .map(({ finding }) => finding),
  }))
  const alsoWrong = failing
    .filter((one) => !roots.includes(rootOf(one, failing, stopping)))
    .map(({ finding }) => finding)
  return { causes, alsoWrong }
}

/**
 * Follows what explains a failure to what explains everything: the finding itself where nothing does. What stops the packet is explained
 * only by what stops the packet too; the rest by whatever fails.
 */
function rootOf(
  one: Weighed,
  failing: readonly Weighed[],
  stopping: readonly Weighed[],
  seen: readonly Weighed[] = [],
): Weighed {
  const among = one.stops ? stopping : [...stopping, ...failing]
  const explaining = one.explainedBy.flatMap(
    (id) => among.find((other) => other.finding.id === id && other !== one && !seen.includes(other)) ?? [],
  )
  const first = explaining[0]
  return first === undefined ? one : rootOf(first, failing, stopping, [...seen, one])
}

/**
 * The eight hops; what only follows from the first cause is left out, since mending the cause mends it. Of several findings of the same
 * weight the one that would stop the packet speaks for the hop, then the first in the order of the registry.
 */
function pathOf(weighed: readonly Weighed[], causes: readonly Cause[], place: Places): PathStep[] {
  const mended = new Set(causes[0]?.consequences ?? [])
  return pathHops.map((hop) => {
    const here = weighed.filter(({ finding, met }) => finding.hop === hop && met && !mended.has(finding))
    const [heaviest] = here.sort(
      (one, other) =>
        onPath(other).weight - onPath(one).weight ||
        Number(other.blocks) - Number(one.blocks) ||
        (place.get(one.finding.id) ?? 0) - (place.get(other.finding.id) ?? 0),
    )
    if (heaviest === undefined) return { hop, status: 'skipped', says: 'Nothing to check here.' }
    return { hop, status: onPath(heaviest).status, says: heaviest.finding.says }
  })
}

/** A finding's place on the path: what does not stop the packet is no more than a warning, and what it hides weighs less than what is seen. */
function onPath({ finding: { status }, stops, clouds }: Weighed): { status: Status; weight: number } {
  if (status === 'fail')
    return stops ? { status, weight: 5 } : { status: clouds ? 'unknown' : 'warn', weight: clouds ? 4 : 3 }
  const weights = { unknown: clouds ? 4 : 1, warn: clouds ? 4 : 3, pass: 2, skipped: 0 }
  return { status, weight: weights[status] }
}

/** Each check's place in the registry. */
type Places = ReadonlyMap<string, number>

const hopIndex = (hop: Hop): number => hops.indexOf(hop)

function compareWeighed({ finding: one }: Weighed, { finding: other }: Weighed): number {
  return (
    hopIndex(one.hop) - hopIndex(other.hop) || compareText(one.id, other.id) || compareText(one.subject, other.subject)
  )
}
const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
