import { intersect, type Range } from './range.ts'

/** What `ranges` have in common with `bound`. */
export function within(ranges: readonly Range[], bound: Range): Range[] {
  const found: Range[] = []
  for (const range of ranges) {
    const common = intersect(range, bound)
    if (common !== null) found.push(common)
  }
  return found
}

/**
 * What a set has in common with `bound`. The set is one that {@link joined} made, in order and without overlaps, and is searched by
 * halving: of a large set a small part is found in no time.
 */
export function withinJoined(set: readonly Range[], bound: Range): Range[] {
  let [low, high] = [0, set.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const range = set[middle]
    if (range !== undefined && isBefore(range, bound)) low = middle + 1
    else high = middle
  }
  const found: Range[] = []
  for (let at = low; at < set.length; at += 1) {
    const range = set[at]
    const common = range === undefined ? null : intersect(range, bound)
    if (common === null) break
    found.push(common)
  }
  return found
}

/** What is left of `ranges` without any of `taken`, in order where `ranges` are. */
export function without(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  if (ranges.length === 0 || taken.length === 0) return [...ranges]
  const set = taken.length === 1 ? taken : joined(taken)
  return ranges.flatMap((range) => {
    const rest: Range[] = []
    let { first } = range
    for (const hole of withinJoined(set, range)) {
      if (first < hole.first) rest.push({ family: range.family, first, last: hole.first - 1n })
      first = hole.last + 1n
    }
    if (first === range.first) return [range]
    if (first <= range.last) rest.push({ family: range.family, first, last: range.last })
    return rest
  })
}

/** The same addresses as `ranges`, each once, in order, with neighbours joined. */
export function joined(ranges: readonly Range[]): Range[] {
  if (ranges.length < 2) return [...ranges]
  const sorted = [...ranges].sort(byFirst)
  const result: Range[] = []
  for (const { family, first, last } of sorted) {
    const before = result.at(-1)
    if (before?.family === family && first <= before.last + 1n) {
      if (last > before.last) result[result.length - 1] = { ...before, last }
    } else result.push({ family, first, last })
  }
  return result
}

function byFirst(one: Range, other: Range): number {
  if (one.family !== other.family) return one.family - other.family
  return one.first < other.first ? -1 : one.first > other.first ? 1 : 0
}

/** Whether all of `range` comes before `bound`. */
const isBefore = (range: Range, bound: Range): boolean =>
  range.family < bound.family || (range.family === bound.family && range.last < bound.first)
