import { expect, test } from '@jest/globals'
import { parseJson } from '../../src/evidence/json.ts'

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
