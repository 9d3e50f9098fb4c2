import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { isServedBy } from '../../lb/announcers.ts'
import { metallbPools } from '../../lb/metallb/pool-ranges.ts'
import type { Draft } from '../finding.ts'

/**
 * Findings about MetalLB's webhook. Where a Service waits for an address and there is no pool, a webhook that nobody can ask is why none can
 * be made: its failure is then the cause, and the missing pool follows from it.
 */
export function keepingFromPools(evidence: Evidence, question: Question, drafts: readonly Draft[]): readonly Draft[] {
  const waits =
    question.about === 'service' &&
    question.vip === null &&
    known(metallbPools(evidence))?.length === 0 &&
    isServedBy('MetalLB', evidence, question)
  return waits
    ? drafts.map((draft) =>
        draft.status === 'fail'
          ? {
              ...draft,
              blocks: true,
              says: `${draft.says} MetalLB has no pool, and before that is mended none can be made.`,
            }
          : draft,
      )
    : drafts
}
