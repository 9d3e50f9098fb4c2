import { expect, test } from '@jest/globals'
import { passageOf, regionOf } from '../../src/evidence/passage.ts'
import { memoryStore } from '../../src/evidence/store.ts'

const store = memoryStore(
  new Map([
    ['nodes/n/rules.txt', Buffer.from('one\r\ntwo\nthree\nfour\nfive\n')],
    ['kubernetes/a.json', Buffer.from('{\n  "items": [\n    {\n      "x": 1\n    }\n  ]\n}\n')],
    ['binary', Buffer.from([0, 1])],
  ]),
)

test.each([
  ['a line', { file: 'nodes/n/rules.txt', line: 3, value: '' }, { startLine: 3, endLine: 3 }],
  ['an object', { file: 'kubernetes/a.json', pointer: '/items/0', value: '' }, { startLine: 3, endLine: 5 }],
  ['a number', { file: 'kubernetes/a.json', pointer: '/items/0/x', value: '' }, { startLine: 4, endLine: 4 }],
  ['the whole file', { file: 'kubernetes/a.json', pointer: '', value: '' }, { startLine: 1, endLine: 7 }],
])('%s stands at its lines', (_, proof, region) => {
  expect(regionOf(store, proof)).toEqual(region)
})

test.each([
  ['a line that is not there', { file: 'nodes/n/rules.txt', line: 9, value: '' }, 'has no line 9'],
  [
    'a pointer that leads nowhere',
    { file: 'kubernetes/a.json', pointer: '/items/1', value: '' },
    'has nothing at /items/1',
  ],
  ['a file that is not there', { file: 'none', line: 1, value: '' }, 'not in the evidence'],
  ['a file that is no text', { file: 'binary', line: 1, value: '' }, 'not text: a zero byte at offset 0'],
])('%s is a gap', (_, proof, reason) => {
  expect(regionOf(store, proof)).toMatchObject({ gap: true, reason })
})

test('lines around it are shown as far as there are any, without their ends', () => {
  expect(passageOf(store, { file: 'nodes/n/rules.txt', line: 2, value: '' }, 2)).toEqual({
    startLine: 2,
    endLine: 2,
    firstLine: 1,
    lines: ['one', 'two', 'three', 'four'],
  })
  expect(passageOf(store, { file: 'nodes/n/rules.txt', line: 5, value: '' }, 1)).toMatchObject({
    lines: ['four', 'five'],
  })
})
