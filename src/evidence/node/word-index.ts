/**
 * Numbers by the hash of a word in a dump, for which no text is made. Two words may share a hash: who asks looks whether it is the one that
 * was meant.
 */
export interface WordIndex {
  readonly add: (hash: number, value: number) => void
  /** What was added under a hash, in that order. */
  readonly get: (hash: number) => readonly number[]
}

/** An index without entries: chains of those that share a slot, in columns of numbers. */
export function wordIndex(): WordIndex {
  const hashes: number[] = []
  const values: number[] = []
  const nexts: number[] = []
  let heads = new Int32Array(64).fill(none)

  function link(entry: number): void {
    const slot = (hashes[entry] ?? 0) & (heads.length - 1)
    nexts[entry] = heads[slot] ?? none
    heads[slot] = entry
  }

  return {
    add: (hash, value) => {
      hashes.push(hash)
      values.push(value)
      if (values.length <= heads.length) {
        link(values.length - 1)
        return
      }
      heads = new Int32Array(heads.length * 2).fill(none)
      for (let entry = 0; entry < values.length; entry += 1) link(entry)
    },
    get: (hash) => {
      const found: number[] = []
      for (let entry = heads[hash & (heads.length - 1)] ?? none; entry !== none; entry = nexts[entry] ?? none)
        if (hashes[entry] === hash) found.push(values[entry] ?? 0)
      return found.reverse()
    },
  }
}

const none = -1

/** The hash of the bytes from one place to another. Words of several kinds in one index have a `kind` each. */
export function wordHash(bytes: Uint8Array, from: number, to: number, kind = 0): number {
  let hash = kind
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0
  return hash
}

/** The same of a word in ASCII that does not stand in a dump. */
export function textHash(text: string, kind = 0): number {
  let hash = kind
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}
