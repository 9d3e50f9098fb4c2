import type { Evidence } from './evidence.ts'

/**
 * A function of the evidence and of what is asked of it that is worked out once for each key: evidence never changes, so what was found in it
 * holds for ever.
 */
export function perEvidenceBy<A extends readonly unknown[], T>(
  keyOf: (...asked: A) => unknown,
  read: (evidence: Evidence, ...asked: A) => T,
): (evidence: Evidence, ...asked: A) => T {
  const values = new WeakMap<Evidence, Map<unknown, T>>()
  return (evidence, ...asked) => {
    const byKey = values.get(evidence) ?? new Map<unknown, T>()
    values.set(evidence, byKey)
    const key = keyOf(...asked)
    if (!byKey.has(key)) byKey.set(key, read(evidence, ...asked))
    return byKey.get(key) as T
  }
}

/** The same for one argument, which is its own key. */
export const perEvidenceAnd = <K, T>(read: (evidence: Evidence, key: K) => T): ((evidence: Evidence, key: K) => T) =>
  perEvidenceBy((key: K) => key, read)

/** The same of the evidence alone. */
export const perEvidence = <T>(read: (evidence: Evidence) => T): ((evidence: Evidence) => T) =>
  perEvidenceBy(() => null, read)
