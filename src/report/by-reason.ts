import type { HidingGap } from '../diagnosis/diagnosis.ts'

/** What could not be read for one and the same reason, and the checks that it hides. */
export interface Reason {
  readonly reason: string
  readonly sources: readonly string[]
  readonly hides: readonly string[]
}

/** Gaps told once a reason, the one that hides most first: a server that is down is one thing to mend, not thirty files. */
export function byReason(gaps: readonly HidingGap[]): readonly Reason[] {
  const found = new Map<string, HidingGap[]>()
  for (const gap of gaps) found.set(gap.reason, [...(found.get(gap.reason) ?? []), gap])
  return [...found]
    .map(([reason, those]) => ({
      reason,
      sources: those.map(({ source }) => source),
      hides: [...new Set(those.flatMap(({ hides }) => hides))].sort(),
    }))
    .sort((one, other) => other.hides.length - one.hides.length)
}
