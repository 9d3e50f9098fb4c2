import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { addressOf, bitsOf, compareAddresses, parseAddress, sameAddress, type Family } from '../../src/net/address.ts'

describe('parseAddress', () => {
  test.each([
    ['a dotted quad', '10.240.0.100', '10.240.0.100'],
    ['the long form of IPv6', 'fd00:0240:0000:0000:0000:0000:0000:0100', 'fd00:240::100'],
    ['an IPv4-mapped address, which is the IPv4 address', '::ffff:10.0.0.1', '10.0.0.1'],
    ['all zeros', '::', '::'],
  ])('reads %s', (_, text, canonical) => {
    expect(parseAddress(text)?.text).toBe(canonical)
  })

  test.each([
    ['nothing', ''],
    ['an octet above 255', '10.240.0.256'],
    ['a leading zero, which some programs take for octal', '010.0.0.1'],
    ['a short form', '10.1'],
    ['a zone', 'fe80::1%eth0'],
    ['a CIDR', '10.0.0.0/8'],
    ['a host name', 'worker-0'],
    ['two double colons', '1::2::3'],
  ])('refuses %s', (_, text) => {
    expect(parseAddress(text)).toBeNull()
  })

  test('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const address = parseAddress(text)
        expect(address === null || parseAddress(address.text)?.value === address.value).toBe(true)
      }),
    )
  })
})

const anyAddress = fc
  .record({ family: fc.constantFrom<Family>(4, 6), value: fc.bigInt(0n, (1n << 128n) - 1n) })
  .map(({ family, value }) => addressOf(family, value))

test('an address survives being written and read', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const mapped = address.family === 6 && address.value >> 32n === 0xffffn
      expect(mapped || sameAddress(parseAddress(address.text), address)).toBe(true)
      expect(address.value >> BigInt(bitsOf(address.family))).toBe(0n)
    }),
  )
})

test('addresses sort by family, then by value', () => {
  const texts = ['fd00::1', '10.0.0.10', '10.0.0.9', '::1']
  const sorted = texts.flatMap((text) => parseAddress(text) ?? []).sort(compareAddresses)
  expect(sorted.map(({ text }) => text)).toEqual(['10.0.0.9', '10.0.0.10', '::1', 'fd00::1'])
})
