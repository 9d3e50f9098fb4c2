import { nearlyAll } from '../checks/about/traced.ts'
import type { Lost } from '../checks/finding.ts'
import type { Result } from './run-checks.ts'

/** A result that loses a part of the packets at a node of their way. */
interface Part {
  readonly result: Result
  readonly lost: Lost
}

/**
 * What one check says of a part of the packets that a node receives, and others of the rest, may come to all of them. Then each is a failure
 * there: none gets through before all are mended.
 */
export function withJointLosses(results: readonly Result[]): readonly Result[] {
  const parts: Part[] = []
  for (const result of results) {
    const { lost } = result.draft
    if (lost !== undefined && result.met) parts.push({ result, lost })
  }
  if (parts.length < 2) return results
  const joint = new Set(
    parts.filter((one) => losesAll(parts.filter((other) => isBeside(one, other)))).map(({ result }) => result),
  )
  return joint.size === 0 ? results : results.map((one) => (joint.has(one) ? failed(one) : one))
}

const isBeside = (one: Part, other: Part): boolean =>
  one.result.node === other.result.node && one.lost.trace === other.lost.trace

function losesAll(parts: readonly Part[]): boolean {
  const [first] = parts
  if (first === undefined || parts.length < 2) return false
  const lost = new Set(parts.flatMap((part) => part.lost.journeys))
  return first.lost.trace.parts.every(
    ({ journeys }) =>
      journeys.filter((one) => lost.has(one)).reduce((sum, { probability }) => sum + probability, 0) >= nearlyAll,
  )
}

const failed = (result: Result): Result => ({
  ...result,
  draft: { ...result.draft, status: 'fail', partial: false },
  finding: {
    ...result.finding,
    status: 'fail',
    says: `${result.finding.says} The others are lost by another cause.`,
  },
})
