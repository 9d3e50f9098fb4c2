import { addressOf, bitsOf, parseAddress, type Address, type Family } from '../net/address.ts'

/** Ranges that name nobody: private (RFC 1918, 4193), shared (6598), link-local, loopback, documentation, multicast and this-network. */
const nobodys: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 3],
  ['2001:db8::', 32],
  ['4000::', 2],
  ['8000::', 1],
]

/** Whether an address may tell who owns it. */
export function isPublic(address: Address): boolean {
  return !nobodys.some(([text, length]) => {
    const base = parseAddress(text)
    if (base?.family !== address.family) return false
    const rest = BigInt(bitsOf(address.family) - length)
    return base.value >> rest === address.value >> rest
  })
}

/** What stands in the bits that tell nothing apart: 64.64.64.1 and 2001:db8::1, so that a lone address gets a plain one. */
const filler: Readonly<Record<Family, bigint>> = { 4: 0x40404001n, 6: 0x20010db8000000000000000000000001n }

interface Prefix {
  readonly family: Family
  readonly value: bigint
  readonly length: number
}

/**
 * Stand-ins for public addresses and ranges that keep which are equal, which lie in which range, and their order. A bit at which two of them
 * part is kept; every other bit is replaced, so what is left of an address is only how it relates to the others of the same bundle.
 */
export function addressStandIns(prefixes: Iterable<Prefix>): (prefix: Prefix) => Address {
  /** For each family the prefixes of every length that occur, as `length/bits`. */
  const seen = new Set<string>()
  const key = (family: Family, value: bigint, length: number): string =>
    `${String(family)}/${String(length)}/${String(value)}`
  for (const { family, value, length } of prefixes) {
    for (let at = 1; at <= length; at += 1) seen.add(key(family, value >> BigInt(bitsOf(family) - at), at))
  }
  return ({ family, value, length }) => {
    const bits = bitsOf(family)
    let out = 0n
    for (let at = 1; at <= bits; at += 1) {
      const bit = (value >> BigInt(bits - at)) & 1n
      const sibling = key(family, (value >> BigInt(bits - at)) ^ 1n, at)
      const kept = at <= length && seen.has(sibling)
      const plain = at <= length ? (filler[family] >> BigInt(bits - at)) & 1n : 0n
      out = (out << 1n) | (kept ? bit : plain)
    }
    return addressOf(family, out)
  }
}
