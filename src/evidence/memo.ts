import type { Evidence } from './evidence.ts'

/** A function of the evidence and a key that is worked out once for each: evidence never changes, so an index over it holds for ever. */
export function perEvidenceAnd<K, T>(read: (evidence: Evidence, key: K) => T): (evidence: Evidence, key: K) => T {
  const values = new WeakMap<Evidence, Map<K, T>>()
  return (evidence, key) => {
    const byKey = values.get(evidence) ?? new Map<K, T>()
    values.set(evidence, byKey)
    if (!byKey.has(key)) byKey.set(key, read(evidence, key))
    return byKey.get(key) as T
  }
}

/** A function of the evidence alone that is worked out once. */
export function perEvidence<T>(read: (evidence: Evidence) => T): (evidence: Evidence) => T {
  const once = perEvidenceAnd<null, T>(read)
  return (evidence) => once(evidence, null)
}
