import { expect, test } from '@jest/globals'
import { cannotOpen } from './kernel/lab.ts'
import { combinations } from './ways/combinations.ts'
import { compareWays, disagrees } from './ways/compare.ts'

const reason = cannotOpen()
const where = reason === null ? test : test.skip // the name says why
const why = reason === null ? '' : ` (skipped: ${reason})`

/** One in so many of all combinations, which `npm run ways` tries; prime to the sizes of what they are made of. */
const every = 17

where(`the verdict is what a real client of a node with two ways in sees${why}`, async () => {
  const some = combinations().filter((_, at) => at % every === 0)
  const { compared } = await compareWays(some)
  expect(compared.filter(disagrees)).toEqual([])
  expect(compared.length).toBeGreaterThan(30)
  for (const outcome of [true, false]) expect(compared.some(({ connected }) => connected === outcome)).toBe(true)
  expect(compared.filter(({ verdict }) => verdict === 'inconclusive').length).toBeLessThan(compared.length / 3)
})
