import fc from 'fast-check'
import { judgeCase, type Disagreement } from './judge.ts'
import { openLab, type KernelCase, type Lab } from './lab.ts'

/** What came of a comparison. */
export interface Compared {
  /** Packets whose fate was compared. */
  readonly cases: number
  readonly disagreements: number
  /** Packets of which the tracer was not certain. */
  readonly doubtful: number
  /** Rule sets that the kernel's tools did not load. */
  readonly refused: number
}

/** What is done about a rule set with a disagreement, while the laboratory stands. */
export type Tell = (lab: Lab, one: KernelCase, disagreement: Disagreement) => Promise<void>

const setsOfRound = 20
/** A laboratory of its own for so many rounds: connections that the kernel remembers do not pile up. */
const roundsOfLab = 20

/** Generates rule sets and packets from a seed until enough packets were compared. */
export async function compareGenerated(
  arbitrary: fc.Arbitrary<KernelCase>,
  wanted: number,
  seed: number,
  tell: Tell,
): Promise<Compared> {
  let lab = await openLab()
  const sum = { cases: 0, disagreements: 0, doubtful: 0, refused: 0 }
  for (let round = 0; sum.cases < wanted; round += 1) {
    if (sum.cases === 0 && sum.refused > 0) throw new Error('the kernel loads none of the rule sets')
    if (round % roundsOfLab === roundsOfLab - 1) {
      lab.close()
      lab = await openLab()
    }
    for (const one of fc.sample(arbitrary, { seed: seed + round, numRuns: setsOfRound })) {
      const judged = await judgeCase(lab, one)
      if (judged === null) sum.refused += 1
      else {
        sum.cases += one.packets.length
        sum.doubtful += judged.doubtful
        sum.disagreements += judged.disagreements.length
        const [first] = judged.disagreements
        if (first !== undefined) await tell(lab, one, first)
      }
      if (sum.cases >= wanted) break
    }
  }
  lab.close()
  return sum
}
