import { expect, test } from '@jest/globals'
import { didYouMean, nearest } from '../../src/net/nearest.ts'

test.each([
  ['a letter swapped', 'chekc', ['check', 'checks', 'explain'], ['check']],
  ['a letter left out, equally near to two', 'chec', ['check', 'checks', 'explain'], ['check']],
  ['the last part of an id', 'vip-not-owned', ['delivery/vip-not-owned', 'wire/vip'], ['delivery/vip-not-owned']],
  [
    'a last part that two have',
    'source-dest-check',
    ['return/source-dest-check', 'delivery/source-dest-check'],
    ['delivery/source-dest-check', 'return/source-dest-check'],
  ],
  [
    'a last part with a mistake',
    'vip-not-ownd',
    ['delivery/vip-not-owned', 'delivery/owner-foreign'],
    ['delivery/vip-not-owned'],
  ],
  ['nothing near', 'tomato', ['check', 'checks'], []],
  ['no name at all', 'check', [], []],
  ['an empty text', '', ['check'], []],
  ['a text as long as a file', 'x'.repeat(100_000), ['check'], []],
])('%s', (_, text, names, near) => {
  expect(nearest(text, names)).toEqual(near)
})

test('is said as a question', () => {
  expect(didYouMean('--bundel', ['--bundle', '--fabric'])).toBe('Did you mean --bundle?')
  expect(didYouMean('--tomato', ['--bundle'])).toBeNull()
})
