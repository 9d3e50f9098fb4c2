import type { Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Gap } from '../../evidence/gap.ts'
import type { Port } from '../../net/port.ts'
import { counted, inWords } from '../../net/words.ts'
import { knock, type Call, type Knock, type Party } from '../../node/knock.ts'
import { fail, pass, said, unknown, warn, type Draft } from '../finding.ts'
import { openings } from './opening.ts'
import { proofOf } from './traced.ts'

type ShutKnock = Extract<Knock, { readonly answer: 'shut' }>

/** What the rules of the nodes do with some calls. */
export interface Calls {
  readonly count: number
  readonly shut: readonly (ShutKnock & { readonly call: Call })[]
  readonly open: readonly Call[]
  readonly gaps: readonly Gap[]
}

/** What becomes of each call, sorted by its end. The gaps are each told once. */
export function callsOf(evidence: Evidence, calls: readonly Call[]): Calls {
  const knocks = calls.map((call) => ({ call, ...knock(evidence, call) }))
  return {
    count: calls.length,
    shut: knocks.flatMap((one) => (one.answer === 'shut' ? [one] : [])),
    open: knocks.flatMap(({ answer, call }) => (answer === 'open' ? [call] : [])),
    gaps: distinct(knocks.flatMap((one) => (one.answer === 'unknown' ? one.gaps : []))),
  }
}

/** Most calls of a node come to the very same gap. */
const distinct = (gaps: readonly Gap[]): readonly Gap[] => [
  ...new Map([...new Set(gaps)].map((one) => [`${one.source} ${one.reason}`, one])).values(),
]

/** Nobody is called by more than so many: in a large cluster the rules of a node hardly tell its peers apart. */
const mostCallers = 8

/** Who calls whom: each of `to` is called by the next of `from` in the order of names, never by itself. */
export function pairs(from: readonly string[], to: readonly string[]): readonly (readonly [string, string])[] {
  const sorted = [...new Set(from)].sort()
  let at = 0
  return [...new Set(to)].sort().flatMap((node) => {
    while (at < sorted.length && (sorted[at] ?? '') <= node) at += 1
    // One more than is needed, since the node may be among them.
    const next = [...sorted.slice(at, at + mostCallers + 1), ...sorted.slice(0, Math.min(at, mostCallers + 1))].slice(
      0,
      mostCallers + 1,
    )
    return next
      .filter((other) => other !== node)
      .slice(0, mostCallers)
      .map((caller) => [caller, node] as const)
  })
}

/** Each pair at each port. */
export const callsAt = (pairs: readonly (readonly [string, string])[], ports: readonly Port[]): readonly Call[] =>
  pairs.flatMap(([from, to]) => ports.map((port) => ({ from: { node: from }, to: { node: to }, ...port })))

interface Words {
  readonly subject: string
  /** Completes "the rules of the nodes let …". */
  readonly let: string
  /** What follows where they do not: completes "…: ". */
  readonly follows: string
  readonly warns?: true
  /** Why there may be callers or called ones that are not among the calls. */
  readonly unlisted: Gap | null
}

/** What the nodes' own firewalls do with calls that are needed: one finding for all of them. */
export function hostFirewall(
  evidence: Evidence,
  calls: readonly Call[],
  { subject, unlisted, ...words }: Words,
): readonly Draft[] {
  if (calls.length === 0 && unlisted === null) return []
  const judged = callsOf(evidence, calls)
  if (judged.shut.length > 0) {
    const nodes = new Set(judged.shut.map(({ at }) => at)).size
    const says = said(
      `firewall rules of ${counted(nodes, 'node')} stand in the way`,
      `${shutText(judged)}: ${words.follows}.`,
    )
    const fix = openings(evidence, stoppedOf(judged))
    const proof = shutProof(judged)
    return [
      words.warns === true
        ? warn('host-firewall', subject, says, proof, { fix })
        : fail('host-firewall', subject, says, proof, fix),
    ]
  }
  const gaps = unlisted === null ? judged.gaps : [unlisted, ...judged.gaps]
  if (judged.open.length < judged.count || unlisted !== null)
    return [
      unknown(
        'host-rules-not-known',
        subject,
        said(
          'the rules of the nodes are not known',
          `It is not known whether the rules of the nodes let ${words.let}.`,
        ),
        gaps.slice(0, 3),
      ),
    ]
  const named = (of: readonly Party[]) => new Set(of.flatMap((party) => ('node' in party ? [party.node] : []))).size
  const nodes = Math.max(named(calls.map(({ to }) => to)), named(calls.map(({ from }) => from)))
  return [
    pass(
      'host-rules-allow',
      subject,
      said('the rules of the nodes allow it', `The rules of ${counted(nodes, 'node')} let ${words.let}.`),
      [],
    ),
  ]
}

/** The nodes whose rules stop a call, each with the trace that ended there. */
export const stoppedOf = ({ shut }: Pick<Calls, 'shut'>) => shut.map(({ at, outcome }) => ({ node: at, outcome }))

/** The rules and policies that stop the calls, each once. */
export const shutProof = ({ shut }: Pick<Calls, 'shut'>): readonly Proof[] => [
  ...new Map(
    shut
      .flatMap(({ outcome }) => proofOf(outcome.steps.slice(-1)))
      .map((proof) => [`${proof.file} ${String(proof.line)}`, proof]),
  ).values(),
]

/** `worker-0 and worker-1 drop udp/8472 from controller-0 (filter chain INPUT, policy DROP)`. */
export function shutText({ shut }: Pick<Calls, 'shut'>): string {
  const [first] = shut
  if (first === undefined) return ''
  const same = shut.filter(({ side, at }) => side === first.side || at === first.at)
  const nodes = [...new Set(same.map(({ at }) => at))].sort()
  const what = [...new Set(same.map(({ call }) => portText(call)))].sort().join(' and ')
  const others = [...new Set(same.map(({ call }) => nameOf(first.side === 'in' ? call.from : call.to)))].sort()
  const step = first.outcome.steps.at(-1)
  const { fate } = first.outcome
  const verb = fate.kind === 'rejected' ? 'reject' : 'drop'
  const policy = fate.kind === 'dropped' && fate.by === 'policy' ? ', by its policy' : ''
  const where = step === undefined ? '' : ` (${step.table} chain ${step.chain}${policy})`
  const whom = nodes.length > 1 && nodes.join() === others.join() ? 'each other' : inWords(others)
  return `${inWords(nodes)} ${verb}${nodes.length === 1 ? 's' : ''} ${what} ${first.side === 'in' ? 'from' : 'to'} ${whom}${where}`
}

const portText = ({ protocol, port }: Call): string =>
  protocol === 'ipencap' ? 'IPIP (protocol 4)' : `${protocol}/${String(port)}`

const nameOf = (party: Party): string => ('node' in party ? party.node : party.address.text)
