import type { Branch, DroppedBy, Packet, Step } from './types.ts'

/** What a chain, a base chain or a hook decided about one branch. `next` goes on with whatever follows. */
export type Decision =
  | { readonly kind: 'next' }
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop'; readonly by: DroppedBy; readonly why: string }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'no-route'; readonly why: string }

/** A branch, and what the rule or chain that it went through decided. */
export interface Decided {
  readonly branch: Branch
  readonly decision: Decision
}

/** The decisions that carry nothing with them: the next rule, and the end of this hook. */
export const next: Decision = { kind: 'next' }
export const accept: Decision = { kind: 'accept' }

/** More ways than this through one packet filter are not told apart. More than the pods of any Service that is served well. */
const mostBranches = 8192

/**
 * Joins branches that went different ways and ended alike (same packet, same decision): their probabilities add up, and the first one's
 * steps stand for all. Without it every random rule would double the work.
 */
export function joined(all: readonly Decided[]): readonly Decided[] {
  if (all.length < 2) return all
  const byKey = new Map<string, Decided>()
  for (const one of all) add(byKey, `${endKey(one)} ${one.branch.doubt === null ? '' : 'doubt'}`, one)
  return byKey.size > mostBranches ? capped([...byKey.values()]) : [...byKey.values()]
}

function add(byKey: Map<string, Decided>, key: string, one: Decided): void {
  const same = byKey.get(key)
  const probability = (same?.branch.probability ?? 0) + one.branch.probability
  byKey.set(key, same === undefined ? one : { ...same, branch: { ...same.branch, probability } })
}

/** The likeliest branches as they are; of the others one for each decision stands for all, and it is doubtful where they lead. */
function capped(all: readonly Decided[]): readonly Decided[] {
  const likeliest = [...all].sort((one, other) => other.branch.probability - one.branch.probability)
  const others = new Map<string, Decided>()
  for (const { branch, decision } of likeliest.slice(mostBranches)) {
    const doubt = branch.doubt ?? branch.steps.at(-1) ?? tooMany
    add(others, decisionKey(decision), { branch: { ...branch, doubt }, decision })
  }
  return [...likeliest.slice(0, mostBranches), ...others.values()]
}

/** Stands for the rule that decided, where none is at hand. */
export const tooMany: Step = {
  backend: 'kernel',
  hook: '',
  table: '',
  chain: '',
  did: 'unknown',
  place: null,
  handle: null,
  text: 'more ways than are told apart',
}

/**
 * What a whole base chain made of a branch. Where all its ways end alike, whatever was not known on them made no difference: the branch is
 * then no more doubtful than it came. (Of a target that is not known the ways differ, so its doubt stays.)
 */
export function settled(start: Branch, all: readonly Decided[]): readonly Decided[] {
  const [first, ...others] = all
  if (first === undefined || start.doubt !== null || others.some((one) => endKey(one) !== endKey(first)))
    return joined(all)
  return joined(all.map((one) => ({ ...one, branch: { ...one.branch, doubt: null } })))
}

const endKey = ({ branch, decision }: Decided): string => `${decisionKey(decision)} ${packetKey(branch.packet)}`

const decisionKey = (decision: Decision): string =>
  decision.kind === 'reject'
    ? `reject ${decision.with}`
    : decision.kind === 'drop' || decision.kind === 'no-route'
      ? `${decision.kind} ${decision.why}`
      : decision.kind

/** What tells two packets apart for the rules behind. */
export function packetKey(packet: Packet): string {
  const {
    destination,
    destinationPort,
    mark,
    routedMark,
    connmark,
    translated,
    sourceNat,
    tracked,
    entered,
    outDevice,
    source,
  } = packet
  const nat = sourceNat === null || sourceNat === 'masquerade' ? sourceNat : sourceNat.text
  return [
    source.text,
    destination.text,
    destinationPort,
    mark,
    routedMark,
    connmark,
    translated,
    nat,
    tracked,
    entered,
    outDevice,
  ].join(' ')
}

/** What became of a branch, or nothing: it is not known whether this was on its way at all. Where it went on either way, nothing is in doubt. */
export function orNot(before: Branch, after: readonly Decided[]): readonly Decided[] {
  const stopped = after.find(({ decision }) => decision.kind !== 'next')
  if (stopped === undefined) return after
  const doubt = before.doubt ?? stopped.branch.steps.at(-1) ?? tooMany
  const half = (branch: Branch): Branch => ({
    ...branch,
    probability: branch.probability / 2,
    doubt: branch.doubt ?? doubt,
  })
  return [
    { branch: half(before), decision: next },
    ...after.map(({ branch, decision }) => ({ branch: half(branch), decision })),
  ]
}

/** Runs a stage on every branch that is still on its way; those already decided stay. */
export function onward(all: readonly Decided[], stage: (branch: Branch) => readonly Decided[]): readonly Decided[] {
  return joined(all.flatMap((one) => (one.decision.kind === 'next' ? stage(one.branch) : [one])))
}
