import { expect, test } from '@jest/globals'
import { checks } from '../src/checks/index.ts'

// What can be wrong with MetalLB, one id each; the checks name in their docs those that they find. ML-M02 shows itself in the logs of the
// speakers, which no evidence holds, and by what it leads to: several announcers.
const ids = [
  ...numbered('ML-A', 5),
  ...numbered('ML-S', 14),
  ...numbered('ML-M', 4),
  ...numbered('ML-B', 9),
  ...numbered('ML-W', 5),
]

function numbered(prefix: string, last: number): string[] {
  return Array.from({ length: last }, (_, index) => `${prefix}${String(index + 1).padStart(2, '0')}`)
}

test.each(ids)('%s is found by a check that names it as its source', (id) => {
  const naming = checks.filter(({ docs }) => docs.sources.some((source) => source.split(/[^\w-]+/).includes(id)))
  expect(naming.map((check) => check.id)).not.toEqual([])
})
