import { expect, test } from '@jest/globals'
import { parseAnswer } from '../../src/evidence/answer.ts'
import { gap } from '../../src/evidence/gap.ts'

const file = 'kubernetes/services.json'
const letters = Array.from({ length: 16 }, (_, index) => String.fromCodePoint(97 + index))
/** Each line holds the one before it ten times. */
const laughing = letters.map((name, index) => {
  const before = letters[index - 1]
  return `${name}: &${name} [${before === undefined ? '"lol"' : `*${before}, `.repeat(10)}]\n`
})
const larger = 'not YAML: its aliases make far more of it'

test.each([
  ['aliases that multiply', `items: []\n${laughing.join('')}`, larger],
  ['a list that holds itself', 'items: &all\n- *all\n', larger],
  ['a map that holds itself', 'items: []\nmetadata: &all\n  a: *all\n', larger],
  ['a long text again and again', `items:\n- &a ${'x'.repeat(100_000)}\n${'- *a\n'.repeat(100_000)}`, larger],
  [
    'a depth of 100,000',
    `items: ${'['.repeat(100_000)}\n`,
    'not YAML: nesting exceeded maxDepth (100) at line 1, column 107',
  ],
])('of YAML with %s nothing is made', (_, text, reason) => {
  expect(parseAnswer(file, text)).toEqual(gap(file, reason))
})

test('aliases that are a part of what is written are read', () => {
  expect(parseAnswer(file, 'kind: List\nitems:\n- &a {name: x}\n- *a\n')).toEqual({
    kind: 'List',
    items: [{ name: 'x' }, { name: 'x' }],
  })
})

test.each([
  ['empty lines', '\n'.repeat(100_000)],
  ['blanks', ' '.repeat(100_000)],
  ['lines of blanks', ' \n'.repeat(50_000)],
  ['comments', `#${' '.repeat(100)}\n`.repeat(1_000)],
  ['separators', '---\n'.repeat(25_000)],
])('a hundred thousand characters of %s before what is no YAML take no time', (_, before) => {
  expect(parseAnswer(file, `${before}!`)).toMatchObject({ reason: expect.stringMatching(/^not JSON/) })
})
