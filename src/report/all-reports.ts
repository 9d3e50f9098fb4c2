import type { Answer, Diagnosis } from '../diagnosis/diagnosis.ts'
import { gateOf, weighForGate, type Gate, type Policy, type Weighed } from '../diagnosis/gate.ts'
import type { Probed } from './probes.ts'
import type { Reporter } from './reporter.ts'

/** What the gate and each report keep of one diagnosis. */
export interface Kept {
  readonly weighed: Weighed
  readonly made: readonly unknown[]
}

/** Reports in the making, and how they end. */
export interface Reports {
  /** Whether what is kept of a diagnosis hangs on those before it. */
  readonly inOrder: boolean
  readonly diagnosis: (diagnosis: Diagnosis) => Kept
  readonly whole: (
    answer: Answer<Kept>,
    probes: readonly Probed[] | null,
  ) => { readonly gate: Gate; readonly texts: readonly Iterable<string>[] }
}

/** Several reports of one answer, made side by side while it is judged once, and the gate over all of it. */
export function allReports(reporters: readonly Reporter[], policy: Policy): Reports {
  return {
    inOrder: reporters.some(({ inOrder = false }) => inOrder),
    diagnosis: (diagnosis) => ({
      weighed: weighForGate(policy, diagnosis),
      made: reporters.map((reporter) => reporter.diagnosis(diagnosis)),
    }),
    whole: (answer, probes) => {
      const gate = gateOf(policy, { ...answer, diagnoses: answer.diagnoses.map(({ weighed }) => weighed) })
      const texts = reporters.map((reporter, index) =>
        reporter.whole({ ...answer, diagnoses: answer.diagnoses.map(({ made }) => made[index]) }, { probes, gate }),
      )
      return { gate, texts }
    },
  }
}
