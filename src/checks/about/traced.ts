import type { Place, Proof } from '../../evidence/cite.ts'
import { isGap, type Gap } from '../../evidence/gap.ts'
import { autopsy, type Death } from '../../node/death.ts'
import { ebpfOn, tableGaps } from '../../node/ebpf.ts'
import { isOfRules } from '../../node/node-state.ts'
import { replacementOn } from '../../node/replacements.ts'
import type { Step } from '../../node/trace/types.ts'
import { traceVip, type VipTrace } from '../../journey/vip-trace.ts'
import type { Journey } from '../../node/vip-trace.ts'
import { addressAndPort } from '../../net/port.ts'
import { inWords } from '../../net/words.ts'
import type { Loss } from '../../journey/lost-answer.ts'
import type { NodeContext } from '../check.ts'
import { tableOf } from './agents.ts'
import { fail, said, unknown, warn, type Draft, type Remedy } from '../finding.ts'

/** How the packets of one question end on one node: which share dies of something, and the first that does. */
export interface Share<L extends Loss = Loss> {
  readonly trace: VipTrace
  /** `all` of every part of the clients, `some` of some part, or `none`. */
  readonly dead: 'all' | 'some' | 'none'
  /** The parts of the clients of which all die, in words; meant for a share of `some`. */
  readonly clients: readonly string[]
  readonly example: L | null
  /** How each journey that is lost ends, the example first; one packet takes one of them. */
  readonly losses: readonly L[]
  /** The journeys of which it is certain. */
  readonly journeys: readonly Journey[]
  /** A rule that is not known was on the way, or evidence is missing that could change the answer. */
  readonly doubt: Step | Gap | null
}

/** A share of the packets from which on it is all of them: probabilities are added up. */
export const nearlyAll = 1 - 1e-6

/** Which share of the packets dies of `deaths` on this node. Unknown where rules or routes that the packet meets are not known. */
export const shareDyingOf = (context: NodeContext, deaths: readonly Death[]): Share | Draft =>
  shareLost(context, (journey) => {
    const found = autopsy(journey)
    return found !== null && deaths.includes(found.death) ? found : null
  })

/** The share of the packets of which `lost` says that they are lost, and by what. */
export function shareLost<L extends Loss>(
  context: NodeContext,
  lost: (journey: Journey) => L | null,
): Share<L> | Draft {
  const { evidence, question, node } = context
  const subject = `node/${node}`
  const replacement = replacementOn(evidence, node)
  if (replacement !== null && ebpfOn(evidence, node) === null) {
    const table = tableOf(evidence, node, replacement.name)
    return unknown(
      'other-proxy-not-traced',
      subject,
      said(
        `handled by ${replacement.name}, which is not traced`,
        `Services on ${node} are handled by ${replacement.name}, ${table === null ? 'which this program cannot trace' : 'whose table is not in the evidence'}.`,
      ),
      tableGaps(evidence, node),
      [replacement.proof],
      table === null ? undefined : { fix: table },
    )
  }
  const trace = traceVip(evidence, question, node)
  if (isGap(trace))
    return unknown(
      'rules-not-read',
      subject,
      said('rules and routes not read', `It is not known what ${node} does with the packet.`),
      [trace],
    )
  const parts = trace.parts.map(({ clients, journeys }) => {
    const dead = journeys.flatMap((journey) => {
      const found = lost(journey)
      return found === null ? [] : [{ journey, found }]
    })
    return { clients, dead, share: dead.reduce((sum, { journey }) => sum + journey.probability, 0) }
  })
  const whole = parts.filter(({ share }) => share >= nearlyAll)
  const dead =
    parts.length > 0 && whole.length === parts.length ? 'all' : parts.some(({ share }) => share > 0) ? 'some' : 'none'
  const lostOnes = parts.flatMap((part) => part.dead)
  const [first] = lostOnes
  const losses = lostOnes.map(({ found }) => found)
  const unread = unreadOn(trace)
  if (first === undefined && unread.length > 0)
    return unknown(
      'some-rules-not-read',
      subject,
      said(
        partRead(unread),
        `It is not known what ${node} does with the packet: of what decides it, ${inWords(filesOf(unread))} was not read.`,
      ),
      unread,
    )
  const doubt = first === undefined ? null : doubtAbout(trace, first.journey, first.found)
  return {
    trace,
    dead,
    clients: whole.map(({ clients }) => clients),
    example: first?.found ?? null,
    losses,
    journeys: lostOnes
      .filter(({ journey, found }) => doubtAbout(trace, journey, found) === null)
      .map(({ journey }) => journey),
    doubt,
  }
}

/** Which files of nodes are missing, in the room of a line. */
function partRead(unread: readonly Gap[]): string {
  const [first = '', ...others] = filesOf(unread)
  return others.length === 0 ? `${first} not read` : `${first} and ${String(others.length)} more not read`
}

const filesOf = (unread: readonly Gap[]): readonly string[] => [
  ...new Set(unread.map(({ source }) => source.split('/').slice(2).join('/'))),
]

/** What may hold rules too on the nodes that a packet meets, and was not read. */
const unreadOn = ({ doubts, parts }: VipTrace): readonly Gap[] => [
  ...new Set([...doubts, ...parts.flatMap(({ journeys }) => journeys.flatMap(({ second }) => second?.doubts ?? []))]),
]

/**
 * Why a loss is not certain: on the node where it happened, or on the one before. Once a packet is translated, rules that were not read cannot
 * take back what a rule that was read drops: no rule set saves a packet from another (nft(8), "Chains": a drop ends it, an accept only its chain).
 */
function doubtAbout({ doubts }: VipTrace, { first, second }: Journey, { node, doubt, death }: Loss): Step | Gap | null {
  const open = (gaps: readonly Gap[]): Gap | null =>
    gaps.find((one) => death !== 'filtered-after' || !isOfRules(one)) ?? null
  const here = doubt ?? first.doubt ?? open(doubts)
  if (here !== null || node === null || second === null || isGap(second.outcome)) return here
  return second.outcome.doubt ?? open(second.doubts)
}

/** Whether the trace came to a finding at once (nothing was traced, or nothing was lost) in the place of a share. */
export const isDraft = <L extends Loss>(value: Share<L> | Draft): value is Draft => 'status' in value

interface Words<L extends Loss> {
  /** The finding's reason where every packet dies; `REASON-in-part` where some do, `perhaps-REASON` where a rule is not known. */
  readonly reason: string | ((example: L, share: Share<L>) => string)
  /** The sentence in at most 39 characters: "perhaps " or "in part: " may stand before it. */
  readonly brief: string | ((example: L) => string)
  /** Completes "…, so the packet …" without a full stop: what happens, on which node. */
  readonly says: (example: L, share: Share<L>) => string
  readonly fix: (example: L, share: Share<L>) => Remedy
  readonly consequenceOf?: readonly string[]
}

/** The finding of a share that is not none: a failure where all die, a part lost where some do, unknown where a rule is not known. */
export function deadly<L extends Loss>(
  context: NodeContext,
  share: Share<L>,
  { reason, brief, says, fix }: Words<L>,
): Draft | null {
  const { example, doubt, dead } = share
  if (example === null || dead === 'none') return null
  const subject = `node/${example.node ?? context.node}`
  const others = share.losses.filter(
    ({ node }, index) => node !== example.node && share.losses.findIndex((loss) => loss.node === node) === index,
  )
  const proof = proofOf([...decidedBy(example), ...others.flatMap((loss) => decidedBy(loss).slice(-1))])
  const sentence = says(example, share)
  const short = typeof brief === 'string' ? brief : brief(example)
  const name = typeof reason === 'string' ? reason : reason(example, share)
  if (doubt !== null) {
    const rule =
      'gap' in doubt
        ? ''
        : ` A rule that this program does not know is on the way: ${doubt.place === null ? doubt.text : inSentence(doubt.place)}.`
    return unknown(
      `perhaps-${name}`,
      subject,
      said(`perhaps ${short}`, `Perhaps ${sentence}${rule}`),
      'gap' in doubt ? [doubt] : [],
      proof,
    )
  }
  if (dead === 'all') return fail(name, subject, said(short, sentence), proof, fix(example, share))
  const whom = share.clients.length > 0 ? `clients in ${share.clients.join(', ')}` : 'a part of the connections'
  return warn(`${name}-in-part`, subject, said(`in part: ${short}`, `For ${whom}: ${sentence}`), proof, {
    fix: fix(example, share),
    partial: true,
    blocks: true,
    lost: share,
  })
}

const inSentence = (place: Place): string =>
  place.line === undefined ? `${place.pointer} of ${place.file}` : `line ${String(place.line)} of ${place.file}`

/** The rule that a packet was lost by, then the two before it that led there; its last three where none decided. */
export function decidedBy({ outcome: { steps }, step }: Loss): readonly Step[] {
  const at = step === null ? -1 : steps.lastIndexOf(step)
  return at === -1 ? steps.slice(-3) : [...steps.slice(at, at + 1), ...steps.slice(Math.max(0, at - 2), at)]
}

/** Rules as proof, each where it stands. */
export function proofOf(steps: readonly Step[]): Proof[] {
  return steps.flatMap(({ place, text, printed = text }) =>
    place === null ? [] : [{ ...place, value: printed.trim() }],
  )
}

/** Where the packets of a trace arrive, with their shares: `10.200.2.2:80 (50 %)`. */
export function arrivals({
  parts,
}: VipTrace): readonly { readonly place: string; readonly journey: Journey; readonly share: number }[] {
  const shares = new Map<string, { journey: Journey; share: number }>()
  for (const { journeys } of parts) {
    for (const journey of journeys) {
      if (autopsy(journey) !== null) continue
      const { destination, destinationPort } = journey.first.packet
      const place = addressAndPort(destination.text, destinationPort)
      const known = shares.get(place)
      shares.set(place, {
        journey: known?.journey ?? journey,
        share: (known?.share ?? 0) + journey.probability / parts.length,
      })
    }
  }
  return [...shares]
    .map(([place, { journey, share }]) => ({ place, journey, share }))
    .sort((one, other) => (one.place < other.place ? -1 : 1))
}
