/**
 * Something that could not be read, and why. `source` is a path of the bundle layout (`aws/describe-subnets.json`),
 * also when the evidence is live; `reason` is a phrase without a full stop that completes "SOURCE: …".
 */
export interface Gap {
  readonly gap: true
  readonly source: string
  readonly reason: string
  /** The file is not there, and nobody says why: what a collection leaves out where the node or the cluster has no such thing. */
  readonly absent?: true
}

/** A value that was read, or the gap that stands where it should be. A gap is never an empty value. */
export type Known<T> = T | Gap

/** A gap at a path of the bundle layout; `reason` completes "SOURCE: …". */
export const gap = (source: string, reason: string): Gap => Object.freeze({ gap: true, source, reason })

/** A gap where a file is simply not there. */
export const absence = (source: string): Gap =>
  Object.freeze({ gap: true, source, reason: 'not in the evidence', absent: true })

/** Whether it is the gap of a file that is not there for a reason that nobody gave. */
export const isAbsent = (value: unknown): boolean => isGap(value) && value.absent === true

/** Whether a reading came to a gap; what is none was read. */
export function isGap(value: unknown): value is Gap {
  return typeof value === 'object' && value !== null && (value as Partial<Gap>).gap === true
}

/** The value, or null where there is a gap: for what only adds detail to an answer that stands without it. */
export function known<T>(value: Known<T>): T | null {
  return isGap(value) ? null : value
}

/** The gaps among some readings. */
export const gapsAmong = (...readings: readonly unknown[]): Gap[] => readings.filter(isGap)
