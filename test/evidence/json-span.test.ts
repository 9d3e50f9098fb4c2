import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jsonSpan } from '../../src/evidence/json-span.ts'
import { escapeKey } from '../../src/evidence/shape.ts'

/** Every pointer of a value, with what stands there. A key that stands twice in an object is no matter here: values made by JSON.parse have none. */
function pointersOf(value: unknown, pointer = ''): [string, unknown][] {
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, one]) => pointersOf(one, `${pointer}/${escapeKey(key)}`))
      : []
  return [[pointer, value], ...inner]
}

test('of any JSON text, each pointer leads to the text of its value, in any order and layout', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 1, 4), (text, indent) => {
      const value: unknown = JSON.parse(text)
      const laidOut = JSON.stringify(value, null, indent)
      const starts = new Map<string, number[]>()
      for (const [pointer, one] of pointersOf(value).reverse()) {
        const span = jsonSpan(laidOut, pointer, starts)
        expect(span).not.toBeNull()
        expect(JSON.parse(laidOut.slice(span?.start, span?.end))).toEqual(one)
      }
    }),
  )
})

test.each([
  ['a member that is not there', '{"a": 1}', '/b'],
  ['an item behind the last', '[1, 2]', '/2'],
  ['into a number', '{"a": 1}', '/a/b'],
  ['an item of an object', '{"0": 1}', '/x/0'],
  ['a text that ends early', '{"a": [1, {"b"', '/a/1/b/c'],
])('%s leads nowhere', (_, text, pointer) => {
  expect(jsonSpan(text, pointer)).toBeNull()
})

test('no text makes it throw or hang', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'a', '1', ' ') }),
      (text) => {
        for (const pointer of ['', '/a', '/0', '/a/0', '/0/a'])
          try {
            jsonSpan(text, pointer)
          } catch (error) {
            // A key that is no JSON string is the only thing that it parses.
            expect(error).toBeInstanceOf(SyntaxError)
          }
      },
    ),
  )
})
