import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { wrap } from '../../src/report/wrap.ts'

test.each([
  ['a sentence that fits stays one line', 'one two', 20, ['  one two']],
  ['a longer one is broken between words', 'one two three', 10, ['  one two', '  three']],
  [
    'a word longer than the line stands alone, uncut',
    'see nodes/worker-0/iptables-nft-save.txt there',
    16,
    ['  see', '  nodes/worker-0/iptables-nft-save.txt', '  there'],
  ],
  ['nothing is one empty line', '', 10, ['  ']],
])('%s', (_, text, width, lines) => {
  expect(wrap(text, width, '  ')).toEqual(lines)
})

test('no word is lost and no line is wider than asked unless one word is', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z/]{1,30}$/), { minLength: 1 }),
      fc.integer({ min: 10, max: 60 }),
      (words, width) => {
        const lines = wrap(words.join(' '), width, '  ')
        expect(lines.flatMap((line) => line.trim().split(' '))).toEqual(words)
        for (const line of lines) expect(line.length <= width || !line.trim().includes(' ')).toBe(true)
      },
    ),
  )
})
