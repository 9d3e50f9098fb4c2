import { intersect, subtract, type Range } from './range.ts'

/** What `ranges` have in common with `bound`. */
export const within = (ranges: readonly Range[], bound: Range): Range[] =>
  ranges.flatMap((range) => intersect(range, bound) ?? [])

/** What is left of `ranges` without any of `taken`. */
export const without = (ranges: readonly Range[], taken: readonly Range[]): Range[] =>
  taken.reduce<Range[]>((left, range) => subtract(left, range), [...ranges])

/** The same addresses as `ranges`, each once, in order, with neighbours joined. */
export function joined(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((one, other) =>
    one.family !== other.family
      ? one.family - other.family
      : one.first < other.first
        ? -1
        : one.first > other.first
          ? 1
          : 0,
  )
  const result: Range[] = []
  for (const { family, first, last } of sorted) {
    const before = result.at(-1)
    if (before?.family === family && first <= before.last + 1n) {
      if (last > before.last) result[result.length - 1] = { ...before, last }
    } else result.push({ family, first, last })
  }
  return result
}
