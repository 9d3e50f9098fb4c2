import type { Finding } from '../checks/finding.ts'
import type { Hop } from '../checks/hop.ts'
import type { Answer, Diagnosis } from './diagnosis.ts'
import { inWords } from '../net/words.ts'
import { titleOf } from './title.ts'

/** A finding that somebody accepts until a day: it stays what it is, and the exit code does not count it. */
export interface Acceptance {
  readonly id: string
  /** `*` stands for any characters. */
  readonly subject: string
  readonly reason: string
  /** The last day on which it holds, `2027-01-31`; null for one without an end. */
  readonly until: string | null
}

/** What a pipeline asks of the answer. `day` is that of the evidence (null where it has none): an acceptance ends by it, never by the clock. */
export interface Policy {
  readonly failOn: 'fail' | 'warn'
  readonly allowUnknown: boolean
  /** Hops that must be known, whatever else is allowed. */
  readonly required: readonly Hop[]
  readonly acceptances: readonly Acceptance[]
  readonly day: string | null
}

/** The policy where no flag says another: failures count, unknowns too, nothing is accepted. */
export const strictPolicy: Policy = {
  failOn: 'fail',
  allowUnknown: false,
  required: [],
  acceptances: [],
  day: null,
}

/** Why the exit code is what it is. */
type GateReason =
  'reachable' | 'accepted' | 'unknown-allowed' | 'unreachable' | 'warning' | 'unknown' | 'required-unknown' | 'no-vip'

/** The exit code of an answer, with a sentence that says why, what was accepted, and what is wrong with the acceptances. */
export interface Gate {
  readonly exitCode: 0 | 1 | 2 | 3
  readonly reason: GateReason
  readonly because: string
  readonly accepted: readonly (Acceptance & { readonly vips: readonly string[] })[]
  readonly warnings: readonly string[]
}

/** The acceptance that covers a finding, or null. Only what fails or warns can be accepted. */
export function acceptanceOf({ acceptances, day }: Policy, { id, subject, status }: Finding): Acceptance | null {
  if (status !== 'fail' && status !== 'warn') return null
  return acceptances.find((one) => one.id === id && !isOver(one, day) && matches(one.subject, subject)) ?? null
}

/** An end that cannot be compared with a day is over: what is not known is not accepted. */
const isOver = ({ until }: Acceptance, day: string | null): boolean => until !== null && (day === null || day > until)

/** Each part at the first place where it stands behind the one before: no other place would let more match. */
function matches(pattern: string, subject: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === subject
  let at = subject.startsWith(first) ? first.length : Infinity
  for (const part of rest) {
    const found = subject.indexOf(part, at)
    at = found < at ? Infinity : found + part.length
  }
  return at + last.length <= subject.length && subject.endsWith(last)
}

/** What the gate keeps of one diagnosis. */
export interface Weighed {
  readonly title: string
  readonly verdict: Diagnosis['verdict']
  /** Causes and warnings that nobody accepts. */
  readonly causes: readonly string[]
  readonly warnings: readonly string[]
  /** The places in the policy of the acceptances that cover something. */
  readonly accepted: readonly number[]
  readonly unknownHops: readonly Hop[]
}

/** What of one diagnosis counts for the exit code, after what is accepted. */
export function weighForGate(policy: Policy, diagnosis: Diagnosis): Weighed {
  const { verdict, causes, findings, question } = diagnosis
  const acceptances = (of: readonly Finding[]) =>
    of
      .map((finding) => acceptanceOf(policy, finding))
      .flatMap((one) => (one === null ? [] : policy.acceptances.indexOf(one)))
  const open = (of: readonly Finding[]) =>
    of.filter((finding) => acceptanceOf(policy, finding) === null).map(({ id }) => id)
  return {
    title: titleOf(question),
    verdict,
    causes: open(causes),
    warnings: open(findings.filter(({ status }) => status === 'warn')),
    accepted: acceptances(findings),
    unknownHops: policy.required.filter((hop) => !isKnown(hop, diagnosis)),
  }
}

/** A hop of the path is known where its status is; the others where something was found there and nothing is open. */
function isKnown(hop: Hop, { path, findings }: Diagnosis): boolean {
  const step = path.find((one) => one.hop === hop)
  if (step !== undefined) return step.status !== 'unknown'
  const here = findings.filter((finding) => finding.hop === hop && finding.status !== 'skipped')
  return here.length > 0 && here.every(({ status }) => status !== 'unknown')
}

/** The gate over all diagnoses. */
export function gateOf(policy: Policy, answer: Answer<Weighed>): Gate {
  return {
    ...decided(policy, answer),
    accepted: policy.acceptances
      .map((one, place) => ({
        ...one,
        vips: titles(answer.diagnoses.filter(({ accepted }) => accepted.includes(place))),
      }))
      .filter(({ vips }) => vips.length > 0),
    warnings: policy.acceptances.flatMap((one, place) => complaint(one, place, policy, answer)),
  }
}

type Decision = Pick<Gate, 'exitCode' | 'reason' | 'because'>

function decided(policy: Policy, { diagnoses, complete }: Answer<Weighed>): Decision {
  // Not for --allow-unknown to allow: a pipeline behind a dead API server would be green.
  if (diagnoses.length === 0) return decision(2, 'no-vip', 'no VIP is known, so nothing was judged')
  const unreachable = diagnoses.filter(({ causes }) => causes.length > 0)
  if (unreachable.length > 0)
    return decision(
      1,
      'unreachable',
      `${which(unreachable, diagnoses)} cannot be reached: ${ids(unreachable, 'causes')}`,
    )
  const warned = policy.failOn === 'warn' ? diagnoses.filter(({ warnings }) => warnings.length > 0) : []
  if (warned.length > 0)
    return decision(1, 'warning', `--fail-on warn, and of ${which(warned, diagnoses)} ${ids(warned, 'warnings')} warns`)
  const missing = policy.required.filter((hop) => diagnoses.some(({ unknownHops }) => unknownHops.includes(hop)))
  const lacking = diagnoses.filter(({ unknownHops }) => unknownHops.length > 0)
  if (policy.required.length > 0 && !complete)
    return decision(3, 'required-unknown', '--require, and it is not known which VIPs there are')
  if (missing.length > 0)
    return decision(
      3,
      'required-unknown',
      `--require, and ${inWords(missing)} of ${which(lacking, diagnoses)} is not known`,
    )
  const open = diagnoses.filter(({ verdict }) => verdict === 'inconclusive')
  if (open.length > 0 || !complete) {
    const what =
      open.length > 0
        ? `it is not known whether ${which(open, diagnoses)} can be reached`
        : 'it is not known which VIPs there are'
    return policy.allowUnknown
      ? decision(0, 'unknown-allowed', `${what}, and --allow-unknown allows that`)
      : decision(3, 'unknown', what)
  }
  const excused = diagnoses.filter(({ verdict }) => verdict === 'unreachable')
  return excused.length > 0
    ? decision(0, 'accepted', `what stops the packets to ${which(excused, diagnoses)} is accepted`)
    : decision(0, 'reachable', `${which(diagnoses, diagnoses)} can be reached`)
}

const decision = (exitCode: Gate['exitCode'], reason: GateReason, because: string): Decision => ({
  exitCode,
  reason,
  because,
})

/** `10.240.0.100:80 (default/nginx-lb)`, `2 of 30 VIPs`, `all 30 VIPs`. */
function which(some: readonly Weighed[], all: readonly Weighed[]): string {
  const [only] = some
  if (all.length === 1 && only !== undefined) return only.title
  return some.length === all.length ? `all ${all.length} VIPs` : `${some.length} of ${all.length} VIPs`
}

const ids = (some: readonly Weighed[], of: 'causes' | 'warnings'): string =>
  inWords([...new Set(some.flatMap((one) => one[of]))])

const titles = (some: readonly Weighed[]): string[] => some.map(({ title }) => title)

/** An acceptance that is over, or that covers nothing, says so: else it stays in the file for ever. */
function complaint(one: Acceptance, place: number, { day }: Policy, { diagnoses }: Answer<Weighed>): string[] {
  const name = `The acceptance of ${one.id} for ${one.subject}`
  if (isOver(one, day))
    return [
      day === null
        ? `${name} ends on ${one.until ?? ''}, and the evidence does not say when it was gathered: it does not count.`
        : `${name} ended on ${one.until ?? ''}: it does not count any more.`,
    ]
  return diagnoses.some(({ accepted }) => accepted.includes(place)) ? [] : [`${name} covers nothing that was found.`]
}
