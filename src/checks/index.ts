import { all } from './all.ts'
import type { Check } from './check.ts'
import { hops } from './hop.ts'

/**
 * Every check, hop by hop; inside a hop by name, but for those that say behind which other the packet meets what they judge (`after`).
 * The order is that of causes, and of what speaks for a hop.
 */
export const checks: readonly Check[] = hops.flatMap((hop) => inOrder(all.filter(({ id }) => id.startsWith(`${hop}/`))))

/** Takes again and again the first by name whose `after` stands already. One whose `after` is no check of the hop, or a circle, stands last. */
function inOrder(of: readonly Check[]): readonly Check[] {
  const left = new Set(of.toSorted((one, other) => (one.id < other.id ? -1 : 1)))
  const ordered: Check[] = []
  while (left.size > 0) {
    const waiting = new Set([...left].map(({ id }) => id as string))
    const [first] = left
    const next = [...left].find(({ after }) => after === undefined || !waiting.has(after)) ?? first
    if (next === undefined) break
    left.delete(next)
    ordered.push(next)
  }
  return ordered
}
