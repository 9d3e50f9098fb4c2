/** The items under each of their keys, in their order. */
export function indexBy<T>(
  items: readonly T[],
  keysOf: (item: T) => readonly string[],
): ReadonlyMap<string, readonly T[]> {
  const index = new Map<string, T[]>()
  for (const item of items)
    for (const key of keysOf(item)) {
      const list = index.get(key)
      if (list === undefined) index.set(key, [item])
      else list.push(item)
    }
  return index
}
