/**
 * Numbers by the hash of a word in a dump, for which no text is made. Two words may share a hash: who asks looks whether it is the one that
 * was meant.
 */
export interface WordIndex {
  readonly add: (hash: number, value: number) => void
  /** What was added under a hash, in that order. */
  readonly all: (hash: number) => readonly number[]
  /** The first of these that fits. */
  readonly first: (hash: number, fits: (value: number) => boolean) => number | undefined
}

/** An index without entries: those that share a slot are linked, in columns of numbers. */
export function wordIndex(): WordIndex {
  const hashes: number[] = []
  const values: number[] = []
  const nexts: number[] = []
  let slots = newSlots(64)

  function link(entry: number): void {
    const slot = (hashes[entry] ?? 0) & (slots.firsts.length - 1)
    const before = slots.lasts[slot] ?? none
    if (before === none) slots.firsts[slot] = entry
    else nexts[before] = entry
    slots.lasts[slot] = entry
    nexts[entry] = none
  }

  function* under(hash: number): Generator<number> {
    const slot = hash & (slots.firsts.length - 1)
    for (let entry = slots.firsts[slot] ?? none; entry !== none; entry = nexts[entry] ?? none)
      if (hashes[entry] === hash) yield values[entry] ?? 0
  }

  return {
    add: (hash, value) => {
      hashes.push(hash)
      values.push(value)
      if (values.length <= slots.firsts.length) {
        link(values.length - 1)
        return
      }
      slots = newSlots(slots.firsts.length * 2)
      for (let entry = 0; entry < values.length; entry += 1) link(entry)
    },
    all: (hash) => [...under(hash)],
    first: (hash, fits) => {
      for (const value of under(hash)) if (fits(value)) return value
      return undefined
    },
  }
}

const newSlots = (count: number) => ({
  firsts: new Int32Array(count).fill(none),
  lasts: new Int32Array(count).fill(none),
})

const none = -1

/** Another one in each process: whoever writes a dump cannot tell which words share a slot. */
const seed = Math.trunc(Math.random() * 2 ** 32)

/** The hash of the bytes from one place to another (FNV-1a). Words of several kinds in one index have a `kind` each. */
export function wordHash(bytes: Uint8Array, from: number, to: number, kind = 0): number {
  let hash = seed ^ kind
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), prime)
  return hash
}

/** The same of a word in ASCII that does not stand in a dump. */
export function textHash(text: string, kind = 0): number {
  let hash = seed ^ kind
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), prime)
  return hash
}

const prime = 0x0100_0193
