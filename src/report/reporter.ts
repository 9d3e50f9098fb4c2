import type { Answer, Diagnosis } from '../diagnosis/diagnosis.ts'
import type { Probed } from './probes.ts'

/**
 * One output format of `check`. Each diagnosis becomes text as soon as it is judged; the whole comes in chunks, since one string of it
 * may be longer than a string can be.
 */
export interface Reporter {
  readonly diagnosis: (diagnosis: Diagnosis) => string
  readonly whole: (answer: Answer<string>, probes: readonly Probed[] | null) => Iterable<string>
}
