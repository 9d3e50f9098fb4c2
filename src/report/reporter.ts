import type { Check } from '../checks/check.ts'
import type { Finding } from '../checks/finding.ts'
import type { Answer, Diagnosis } from '../diagnosis/diagnosis.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Acceptance, Gate } from '../diagnosis/gate.ts'
import type { Probed } from './probes.ts'
import type { Reading } from './reading.ts'
import type { Tool } from './tool.ts'

/**
 * A report of `check` in the making. Of each diagnosis it keeps what it needs as soon as it is judged, and gets that back in the whole
 * answer; the whole comes in chunks, since one string of it may be longer than a string can be.
 */
export interface Reporter<T = unknown> {
  /** The parts of a diagnosis at which `diagnosis` will look; all of it where that is not said. */
  readonly part?: (diagnosis: Diagnosis) => Diagnosis
  /** What it keeps of a diagnosis: data alone, which may come from another thread. */
  readonly diagnosis: (diagnosis: Diagnosis) => T
  /** Whether that hangs on the diagnoses before it, so that one thread has to see all of them. */
  readonly inOrder?: boolean
  readonly whole: (answer: Answer<T>, end: End) => Iterable<string>
}

/** One output format. `failed` is the report where there is no answer: a pipeline that waits for a file gets one all the same. */
export interface Format<T = unknown> {
  readonly report: (setting: Setting) => Reporter<T>
  readonly failed: (failure: Failure, tool: Tool) => string
}

/** What stands behind all diagnoses. `probes` is null where nothing was probed. */
export interface End {
  readonly probes: readonly Probed[] | null
  readonly gate: Gate
}

/** Why there is no answer: the user's mistake with what to do about it, or a bug of this program (then the suggestion is to report it). */
export interface Failure {
  readonly exitCode: number
  readonly message: string
  readonly suggestion: string | null
}

/** What every format may speak of. `evidence` is where proofs are looked up. */
export interface Setting {
  readonly tool: Tool
  readonly checks: readonly Check[]
  readonly evidence: Evidence
  readonly reading: Reading
  readonly acceptanceOf: (finding: Finding) => Acceptance | null
  readonly failOn: 'fail' | 'warn'
}
