import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { addressOf, parseAddress } from '../../src/net/address.ts'
import {
  intersect,
  parseCidr,
  parseRange,
  rangeHas,
  prefixesOf,
  rangeText,
  sizeOf,
  subtract,
  type Range,
} from '../../src/net/range.ts'

describe('parseCidr', () => {
  test.each([
    ['clears host bits', '10.240.0.77/24', '10.240.0.0/24', 256n],
    ['a /32 holds one address', '10.240.0.100/32', '10.240.0.100/32', 1n],
    ['a /31 holds two', '10.240.0.101/31', '10.240.0.100/31', 2n],
    ['0.0.0.0/0 holds all of IPv4', '0.0.0.0/0', '0.0.0.0/0', 1n << 32n],
    ['::/0 holds all of IPv6', '::/0', '::/0', 1n << 128n],
  ])('%s', (_, text, canonical, size) => {
    const cidr = parseCidr(text)
    expect(cidr?.text).toBe(canonical)
    expect(cidr && sizeOf(cidr)).toBe(size)
  })

  test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/08', '/8', 'fd00::/129'])('refuses %s', (text) => {
    expect(parseCidr(text)).toBeNull()
  })
})

test.each([
  ['10.240.0.100-10.240.0.110', '10.240.0.100-10.240.0.110'],
  ['10.240.0.0 - 10.240.0.255', '10.240.0.0/24'],
  ['192.168.1.240/28', '192.168.1.240/28'],
  ['10.240.0.100', '10.240.0.100'],
])('a pool written %s is read', (text, canonical) => {
  const range = parseRange(text)
  expect(range && rangeText(range)).toBe(canonical)
})

test.each(['10.240.0.110-10.240.0.100', '10.0.0.1-fd00::1', 'a-b', ''])('a pool written "%s" is refused', (text) => {
  expect(parseRange(text)).toBeNull()
})

const small: fc.Arbitrary<Range> = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }))
  .map(([a, b]) => ({ family: 4, first: BigInt(Math.min(a, b)), last: BigInt(Math.max(a, b)) }))

test('subtracting leaves exactly what was not taken', () => {
  fc.assert(
    fc.property(fc.array(small, { maxLength: 4 }), small, (ranges, taken) => {
      const rest = subtract(ranges, taken)
      for (let value = 0n; value <= 41n; value += 1n) {
        const address = addressOf(4, value)
        const before = ranges.some((range) => rangeHas(range, address))
        expect(rest.some((range) => rangeHas(range, address))).toBe(before && !rangeHas(taken, address))
      }
    }),
  )
})

test('two ranges have nothing in common across families', () => {
  const one = parseCidr('0.0.0.0/0')
  const other = parseCidr('::/0')
  expect(one && other && intersect(one, other)).toBeNull()
  expect(one && rangeHas(one, parseAddress('::1') ?? addressOf(6, 1n))).toBe(false)
})

test.each([
  ['10.0.0.0-10.0.0.255', ['10.0.0.0/24']],
  ['10.0.0.1-10.0.0.6', ['10.0.0.1/32', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/32']],
  ['0.0.0.0-255.255.255.255', ['0.0.0.0/0']],
  ['2001:db8::-2001:db8::2', ['2001:db8::/127', '2001:db8::2/128']],
])('%s in prefixes', (text, prefixes) => {
  const range = parseRange(text)
  expect(range === null ? null : prefixesOf(range).map((one) => one.text)).toEqual(prefixes)
})
