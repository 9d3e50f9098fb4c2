import { expect, test } from '@jest/globals'
import { generatedCases } from './kernel/cases.ts'
import { compareRecordings } from './kernel/compare-recordings.ts'
import { compareGenerated } from './kernel/compare.ts'
import type { Disagreement } from './kernel/judge.ts'
import { cannotOpen } from './kernel/lab.ts'

const reason = cannotOpen()
const where = reason === null ? test : test.skip // the name says why
const why = reason === null ? '' : ` (skipped: ${reason})`

where(`the tracer and this kernel agree about generated rules and packets${why}`, async () => {
  const found: Disagreement[] = []
  const { cases, doubtful } = await compareGenerated(generatedCases, 400, 20_000, (_lab, _one, disagreement) => {
    found.push(disagreement)
    return Promise.resolve()
  })
  expect(found).toEqual([])
  expect(cases).toBeGreaterThanOrEqual(400)
  expect(doubtful).toBeLessThan(cases / 5)
})

where(`the tracer and this kernel agree about the rules of every recording${why}`, async () => {
  const judged = await compareRecordings(10)
  expect(judged.filter(({ disagreements }) => disagreements === null || disagreements.length > 0)).toEqual([])
  expect(judged.length).toBeGreaterThan(90)
  expect(judged.every(({ doubtful }) => doubtful === 0)).toBe(true)
})
