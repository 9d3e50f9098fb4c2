import { expect, test } from '@jest/globals'
import { counted, inWords } from '../../src/net/words.ts'

test('names are joined as a sentence would, and a long list is cut and counted', () => {
  expect(inWords([])).toBe('')
  expect(inWords(['a'])).toBe('a')
  expect(inWords(['a', 'b', 'c'])).toBe('a, b and c')
  expect(inWords(['a', 'b', 'c', 'd'], 3)).toBe('a, b and 2 more')
})

test('one thing is not spoken of as several', () => {
  expect([0, 1, 2].map((count) => counted(count, 'pod'))).toEqual(['0 pods', '1 pod', '2 pods'])
})
