/**
 * The names that somebody who typed `text` may have meant, at most three: those that end in it behind a slash, else those that differ in the
 * fewest letters, if these are no more than a third of it. Written here because no package needs to be loaded for twenty lines.
 */
export function nearest(text: string, names: Iterable<string>): readonly string[] {
  const all = [...new Set(names)].sort()
  const tails = all.filter((name) => name.endsWith(`/${text}`))
  if (tails.length > 0) return tails.slice(0, most)
  const measured = all.map((name) => ({ name, far: Math.min(distance(text, name), distance(text, lastPart(name))) }))
  const least = Math.min(...measured.map(({ far }) => far))
  return least > Math.max(1, text.length / 3)
    ? []
    : measured
        .filter(({ far }) => far === least)
        .slice(0, most)
        .map(({ name }) => name)
}

/** `Did you mean check or checks?`; null where nothing is near. */
export function didYouMean(text: string, names: Iterable<string>): string | null {
  const near = nearest(text, names)
  return near.length === 0 ? null : `Did you mean ${near.join(' or ')}?`
}

const most = 3
/** Longer than any name that somebody types; what is longer is compared with nothing. */
const longest = 256

const lastPart = (name: string): string => name.split('/').at(-1) ?? name

/** How many letters must be put in, left out, replaced, or swapped with their neighbour (Damerau, 1964; optimal string alignment). */
function distance(one: string, other: string): number {
  if (one.length > longest || other.length > longest) return Infinity
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          (row[j - 1] ?? Infinity) + 1,
          at(i - 1, j - 1) + same,
          swapped ? at(i - 2, j - 2) + 1 : Infinity,
        ),
      )
    }
    rows.push(row)
  }
  return rows[one.length]?.[other.length] ?? Infinity
}
