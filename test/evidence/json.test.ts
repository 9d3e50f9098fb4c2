import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jsonStop } from '../../src/evidence/json-stop.ts'
import { parseJson } from '../../src/evidence/json.ts'
import { conform } from '../../src/evidence/shape.ts'

const whole = '{"a":[1,-2.5e3,"x\\u00e9"],"b":{"c":true,"d":null}}'

test('each beginning of a JSON text is cut off', () => {
  for (let length = 1; length < whole.length; length += 1)
    expect(parseJson('f', whole.slice(0, length))).toMatchObject({
      reason: `cut off: parsing stopped at line 1, column ${String(length + 1)}`,
    })
})

test.each([
  ['{"a":?1}', 'line 1, column 6'],
  ['{"a":1,\n"b" 2}', 'line 2, column 5'],
  ['[1,\n2,]', 'line 2, column 3'],
  ['{"a":1}}', 'line 1, column 8'],
  ['hello', 'line 1, column 1'],
])('%s is not JSON from %s', (text, place) => {
  expect(parseJson('f', text)).toMatchObject({ reason: `not JSON: parsing stopped at ${place}` })
})

/** By V8 alone, which names the place for some errors only: a beginning that is none of any JSON text fails for something else than its end. */
function byV8(text: string): number | null {
  for (let length = 0; length <= text.length; length += 1) {
    try {
      JSON.parse(text.slice(0, length))
    } catch (error) {
      const { message } = error as SyntaxError
      const early = message.includes('end of JSON input') || message.includes(`at position ${String(length)}`)
      if (!early) return length - 1
    }
  }
  return null
}

test('where a spoilt text stops is where V8 stops', () => {
  const spoilt = fc
    .tuple(
      fc.oneof(fc.json(), fc.constant(whole), fc.constant('[1e5, -0.5, "\\u12aB\\n", true,false , null]')),
      fc.nat(),
      fc.nat(3),
      fc.oneof(
        fc.string({ maxLength: 3 }),
        fc.constantFrom(...'{ } [ ] , : " \\ - . e E 0 t \n'.split(' '), '\\u', '-0', '1.e', 'nul', '01'),
      ),
    )
    .map(([text, place, lost, put]) => {
      const at = place % (text.length + 1)
      return text.slice(0, at) + put + text.slice(at + lost)
    })
  fc.assert(
    fc.property(spoilt, (text) => {
      expect([text, jsonStop(text)]).toEqual([text, byV8(text)])
    }),
    { numRuns: 3000 },
  )
})

test('where a large text stops is found in one pass', () => {
  const items = 3_000_000
  const began = performance.now()
  expect(parseJson('f', `[${'"long",\n'.repeat(items)}?]`)).toMatchObject({
    reason: `not JSON: parsing stopped at line ${String(items + 1)}, column 1`,
  })
  expect(performance.now() - began).toBeLessThan(10_000)
})

test.each([
  ['lists', '[', ']'],
  ['objects', '{"a":', '}'],
])('a text of %s that are nested 100,000 deep is a gap, and one of ordinary depth is read', (_, open, close) => {
  const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`
  expect(parseJson('f', nested(100_000))).toMatchObject({
    reason: 'not what its name says: nested deeper than anything that a tool writes',
  })
  expect(parseJson('f', nested(100))).toEqual(JSON.parse(nested(100)))
})

test('so is a member of which everything is kept', () => {
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown
  expect(conform({ hints: deep }, { hints: 'json' })).toEqual({
    misfit: { pointer: '/hints', expected: 'nested less than 200 levels deep', found: 'a list' },
  })
})
