import type { Evidence } from './evidence.ts'

/**
 * What functions found, each at its own number. Of the object that was asked about last it is at hand: a run asks a hundred functions about one
 * evidence, and then about one question, so that a look into a WeakMap for each would be a tenth of its time.
 */
class Findings<K extends object> {
  readonly #of = new WeakMap<K, unknown[]>()
  #last: K | null = null
  #found: unknown[] = []

  of(key: K): unknown[] {
    if (key === this.#last) return this.#found
    const found = this.#of.get(key) ?? []
    this.#of.set(key, found)
    this.#last = key
    this.#found = found
    return found
  }
}

/** What is found to be undefined: an empty place says that nobody looked. */
const nothing = Symbol('undefined')

const inEvidence = new Findings<Evidence>()
let readsOfEvidence = 0

/**
 * A function of the evidence alone that is worked out once: evidence never changes, so what was found in it holds for ever.
 */
export function perEvidence<T>(read: (evidence: Evidence) => T): (evidence: Evidence) => T {
  const own = readsOfEvidence++
  return (evidence) => {
    const known = inEvidence.of(evidence)[own]
    if (known !== undefined) return (known === nothing ? undefined : known) as T
    const value = read(evidence)
    inEvidence.of(evidence)[own] = value === undefined ? nothing : value
    return value
  }
}

/** The same of the evidence and of what is asked of it, once for each key. */
export function perEvidenceBy<A extends readonly unknown[], T>(
  keyOf: (...asked: A) => unknown,
  read: (evidence: Evidence, ...asked: A) => T,
): (evidence: Evidence, ...asked: A) => T {
  const valuesOf = perEvidence(() => new Map<unknown, T>())
  return (evidence, ...asked) => {
    const byKey = valuesOf(evidence)
    const key = keyOf(...asked)
    const known = byKey.get(key)
    if (known !== undefined || byKey.has(key)) return known as T
    const value = read(evidence, ...asked)
    byKey.set(key, value)
    return value
  }
}

/** The same for one argument, which is its own key. */
export function perEvidenceAnd<K, T>(read: (evidence: Evidence, key: K) => T): (evidence: Evidence, key: K) => T {
  const valuesOf = perEvidence(() => new Map<K, T>())
  return (evidence, key) => {
    const byKey = valuesOf(evidence)
    const known = byKey.get(key)
    if (known !== undefined || byKey.has(key)) return known as T
    const value = read(evidence, key)
    byKey.set(key, value)
    return value
  }
}

/** The same for one object, kept as long as that is: a question is asked by many checks, and each VIP has its own. */
export function perEvidenceOf<K extends object, T>(
  read: (evidence: Evidence, of: K) => T,
): (evidence: Evidence, of: K) => T {
  const own = readsOfObjects++
  return (evidence, of) => {
    const objects = inObjects(evidence)
    const known = objects.of(of)[own]
    if (known !== undefined) return (known === nothing ? undefined : known) as T
    const value = read(evidence, of)
    objects.of(of)[own] = value === undefined ? nothing : value
    return value
  }
}

let readsOfObjects = 0
const inObjects = perEvidence(() => new Findings<object>())
