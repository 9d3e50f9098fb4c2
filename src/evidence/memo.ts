import type { Evidence } from './evidence.ts'

/**
 * A function of the evidence and of what is asked of it that is worked out once for each key: evidence never changes, so what was found in it
 * holds for ever.
 */
export function perEvidenceBy<A extends readonly unknown[], T>(
  keyOf: (...asked: A) => unknown,
  read: (evidence: Evidence, ...asked: A) => T,
): (evidence: Evidence, ...asked: A) => T {
  const valuesOf = perEvidence(() => new Map<unknown, T>())
  return (evidence, ...asked) => {
    const byKey = valuesOf(evidence)
    const key = keyOf(...asked)
    if (!byKey.has(key)) byKey.set(key, read(evidence, ...asked))
    return byKey.get(key) as T
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
  const valuesOf = perEvidence(() => new WeakMap<K, { readonly value: T }>())
  return (evidence, of) => {
    const values = valuesOf(evidence)
    const known = values.get(of)
    if (known !== undefined) return known.value
    const value = read(evidence, of)
    values.set(of, { value })
    return value
  }
}

/** The same of the evidence alone. */
export function perEvidence<T>(read: (evidence: Evidence) => T): (evidence: Evidence) => T {
  const values = new WeakMap<Evidence, { readonly value: T }>()
  return (evidence) => {
    const known = values.get(evidence)
    if (known !== undefined) return known.value
    const value = read(evidence)
    values.set(evidence, { value })
    return value
  }
}
