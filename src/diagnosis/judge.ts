import type { Check, Context } from '../checks/check.ts'
import type { Finding, Status } from '../checks/finding.ts'
import { hops, pathHops, type Hop } from '../checks/hop.ts'
import type { Question } from '../evidence/question.ts'
import { hangsOnAnnouncement } from '../fabric/index.ts'
import type { Cause, PathStep, Verdict } from './diagnosis.ts'
import { withJointLosses } from './joint-losses.ts'
import type { Result } from './run-checks.ts'
import { weigh, type Weighed } from './weigh.ts'

/** What the results of the checks come to: the verdict, the ordered causes, the path. */
export interface Judgement {
  readonly verdict: Verdict
  readonly causes: readonly Cause[]
  readonly possibleCauses: readonly Finding[]
  readonly alsoWrong: readonly Finding[]
  readonly path: readonly PathStep[]
  readonly findings: readonly Finding[]
}

/** Weighs what the checks said about one packet. The order of `checks` is the packet's order inside a hop. */
export function judgeResults(
  results: readonly Result[],
  { question, receiving }: Pick<Context, 'question' | 'receiving'>,
  checks: readonly Check[],
): Judgement {
  const { place, rank } = placesOf(checks)
  const rankOf = ({ finding }: Weighed) => rank.get(finding.id) ?? 0
  const weighed = weigh(withJointLosses(results), receiving).sort(
    (one, other) => rankOf(one) - rankOf(other) || compareText(one.finding.subject, other.finding.subject),
  )
  const { causes, possibleCauses, alsoWrong } = causesOf(weighed, place, question)
  return {
    verdict: verdictOf(causes, weighed),
    causes,
    possibleCauses,
    alsoWrong,
    path: pathOf(weighed, causes, place),
    findings: weighed.map(({ finding }) => finding),
  }
}

function verdictOf(causes: readonly Cause[], weighed: readonly Weighed[]): Verdict {
  if (causes.length > 0) return 'unreachable'
  return weighed.some(({ clouds }) => clouds) ? 'inconclusive' : 'reachable'
}

/** The causes in the packet's order, each with its consequences; what may be one; and what is broken besides. */
function causesOf(
  weighed: readonly Weighed[],
  place: Places,
  question: Question,
): Pick<Judgement, 'causes' | 'possibleCauses' | 'alsoWrong'> {
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
  const beside = failing.filter((one) => !roots.includes(rootOf(one, failing, stopping)))
  const lost = weighed.filter(({ finding, clouds }) => finding.status === 'warn' && clouds)
  const possible = new Set([
    ...beside.filter((one) => mayMeet(rootOf(one, failing, stopping), question) || mayMeet(one, question)),
    ...lost,
  ])
  const findings = (some: readonly Weighed[]) => some.map(({ finding }) => finding)
  return {
    causes,
    possibleCauses: findings(weighed.filter((one) => possible.has(one))),
    alsoWrong: findings(beside.filter((one) => !possible.has(one))),
  }
}

/**
 * Whether a failure that does not stop every packet may stop this one: it loses a part of them, or stands at a hop of the packet's, on no
 * other node than it meets. What hop `control` says the packet never touches, and where no packet hangs on an announcement a Service's does
 * not meet that hop either.
 */
function mayMeet({ finding: { hop }, met, clouds }: Weighed, question: Question): boolean {
  if (!met || hop === 'control') return clouds
  return clouds || hop !== 'announcement' || hangsOnAnnouncement(question) || question.about === 'control-plane'
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
 * weight the one that would stop the packet speaks for the hop, then the first in the order of the registry; of those that pass the last,
 * which saw the packet furthest.
 */
function pathOf(weighed: readonly Weighed[], causes: readonly Cause[], place: Places): PathStep[] {
  const mended = new Set(causes[0]?.consequences ?? [])
  const heaviest = new Map<Hop, Weighed>()
  for (const one of weighed) {
    const { hop } = one.finding
    if (!one.met || mended.has(one.finding)) continue
    const before = heaviest.get(hop)
    if (before === undefined || speaksBefore(one, before, place)) heaviest.set(hop, one)
  }
  return pathHops.map((hop) => {
    const speaker = heaviest.get(hop)
    if (speaker === undefined)
      return { hop, status: 'skipped', id: null, brief: 'nothing to check here', says: 'Nothing to check here.' }
    const { id, brief, says } = speaker.finding
    return { hop, status: onPath(speaker).status, id, brief, says }
  })
}

function speaksBefore(one: Weighed, other: Weighed, place: Places): boolean {
  const { weight } = onPath(one)
  const heavier = weight - onPath(other).weight || Number(one.blocks) - Number(other.blocks)
  if (heavier !== 0) return heavier > 0
  const later = (place.get(one.finding.id) ?? 0) - (place.get(other.finding.id) ?? 0)
  return weight === passWeight ? later > 0 : later < 0
}

const passWeight = 2

/** A finding's place on the path: what does not stop the packet is no more than a warning, and what it hides weighs less than what is seen. */
function onPath({ finding: { status }, stops, clouds }: Weighed): { status: Status; weight: number } {
  switch (status) {
    case 'fail':
      return stops ? { status, weight: 5 } : { status: clouds ? 'unknown' : 'warn', weight: clouds ? 4 : 3 }
    case 'unknown':
      return { status, weight: clouds ? 4 : 1 }
    case 'warn':
      return { status, weight: clouds ? 4 : 3 }
    case 'pass':
      return { status, weight: passWeight }
    case 'skipped':
      return { status, weight: 0 }
  }
}

/** Each check's place in the registry. */
type Places = ReadonlyMap<string, number>

const hopIndex = (hop: Hop): number => hops.indexOf(hop)

interface Order {
  readonly place: Places
  /** Its place in a list by hop, then id: that of the findings. */
  readonly rank: Places
}

const orders = new WeakMap<readonly Check[], Order>()

/** The order of the checks, found once: ten thousand VIPs are judged by the same ones. */
function placesOf(checks: readonly Check[]): Order {
  const known = orders.get(checks)
  if (known !== undefined) return known
  const ids = checks.map(({ id }): string => id)
  const hop = (id: string) => hopIndex(id.slice(0, id.indexOf('/')) as Hop)
  const ranked = [...ids].sort((one, other) => hop(one) - hop(other) || compareText(one, other))
  const indexOf = (list: readonly string[]) => new Map(list.map((id, index) => [id, index]))
  const order = { place: indexOf(ids), rank: indexOf(ranked) }
  orders.set(checks, order)
  return order
}

const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
