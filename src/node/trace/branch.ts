import type { Branch, Packet } from './types.ts'

/** What a chain, a base chain or a hook decided about one branch. `next` goes on with whatever follows. */
export type Decision =
  | { readonly kind: 'next' }
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop'; readonly why: string }
  | { readonly kind: 'reject'; readonly with: string }

export interface Decided {
  readonly branch: Branch
  readonly decision: Decision
}

export const next: Decision = { kind: 'next' }
export const accept: Decision = { kind: 'accept' }

/** More ways than this through one packet filter are not told apart: the smallest are joined into one that is uncertain. */
const mostBranches = 2048

/**
 * Joins branches that went different ways and ended alike (same packet, same decision): their probabilities add up, and the first one's
 * steps stand for all. Without it every random rule would double the work.
 */
export function joined(all: readonly Decided[]): readonly Decided[] {
  if (all.length < 2) return all
  const byKey = new Map<string, Decided>()
  for (const one of all) {
    const key = `${decisionKey(one.decision)} ${packetKey(one.branch.packet)} ${one.branch.doubt === null ? '' : 'doubt'}`
    const same = byKey.get(key)
    byKey.set(
      key,
      same === undefined
        ? one
        : { ...same, branch: { ...same.branch, probability: same.branch.probability + one.branch.probability } },
    )
  }
  return [...byKey.values()].slice(0, mostBranches)
}

const decisionKey = (decision: Decision): string =>
  decision.kind === 'reject'
    ? `reject ${decision.with}`
    : decision.kind === 'drop'
      ? `drop ${decision.why}`
      : decision.kind

export function packetKey(packet: Packet): string {
  const { destination, destinationPort, mark, connmark, translated, sourceNat, tracked, outDevice, source } = packet
  const nat = sourceNat === null || sourceNat === 'masquerade' ? sourceNat : sourceNat.text
  return [source.text, destination.text, destinationPort, mark, connmark, translated, nat, tracked, outDevice].join(' ')
}

/** Runs a stage on every branch that is still on its way; those already decided stay. */
export function onward(all: readonly Decided[], stage: (branch: Branch) => readonly Decided[]): readonly Decided[] {
  return joined(all.flatMap((one) => (one.decision.kind === 'next' ? stage(one.branch) : [one])))
}
