import ipaddr from 'ipaddr.js'

/** IPv4 or IPv6. */
export type Family = 4 | 6

/** One IPv4 or IPv6 address. `value` is the address as an unsigned integer, `text` its canonical form (RFC 5952 for IPv6). */
export interface Address {
  readonly family: Family
  readonly value: bigint
  readonly text: string
}

/** The number of bits in an address of this family. */
export const bitsOf = (family: Family): 32 | 128 => (family === 4 ? 32 : 128)

/**
 * Reads a dotted quad or an IPv6 address; anything else is null: host names, CIDRs, zone ids (`fe80::1%eth0`),
 * and the short or octal IPv4 forms (`10.1`, `010.0.0.1`) that different programs read differently.
 * An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is the IPv4 address that it stands for.
 */
export function parseAddress(text: string | null | undefined): Address | null {
  if (text === null || text === undefined) return null
  const four = dottedQuad(text)
  if (four !== null) return { family: 4, value: BigInt(four), text }
  if (!text.includes(':') || text.includes('%')) return null
  const parsed = sixOf(text)
  if (parsed === null) return null
  if (parsed.isIPv4MappedAddress()) return parseAddress(parsed.toIPv4Address().toString())
  const value = parsed.parts.reduce((sum, part) => (sum << 16n) | BigInt(part), 0n)
  return { family: 6, value, text: parsed.toRFC5952String() }
}

/** To ask first whether it is one would read it twice. */
function sixOf(text: string): ipaddr.IPv6 | null {
  try {
    return ipaddr.IPv6.parse(text)
  } catch {
    return null
  }
}

/** The value of a dotted quad, null for any other text. Character by character: a large cluster has some hundred thousand of them. */
function dottedQuad(text: string): number | null {
  if (text.length > 15) return null
  let value = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === dot) {
      if (digits === 0 || dots === 3) return null
      value = value * 256 + octet
      octet = 0
      digits = 0
      dots += 1
    } else {
      // No digit, or one behind a leading zero: programs differ on whether that is octal.
      if (code < zero || code > zero + 9 || (digits > 0 && octet === 0)) return null
      octet = octet * 10 + code - zero
      digits += 1
      if (octet > 255) return null
    }
  }
  return digits > 0 && dots === 3 ? value * 256 + octet : null
}
const dot = 0x2e
const zero = 0x30

/** The address with this integer value; a value that does not fit the family is reduced to its low bits. */
export function addressOf(family: Family, value: bigint): Address {
  const fitted = BigInt.asUintN(bitsOf(family), value)
  return { family, value: fitted, text: family === 4 ? dotted(Number(fitted)) : rfc5952(fitted) }
}

const dotted = (value: number): string =>
  `${String(value >>> 24)}.${String((value >>> 16) & 255)}.${String((value >>> 8) & 255)}.${String(value & 255)}`

function rfc5952(value: bigint): string {
  const bytes: number[] = []
  for (let shift = 120n; shift >= 0n; shift -= 8n) bytes.push(Number((value >> shift) & 255n))
  return new ipaddr.IPv6(bytes).toRFC5952String()
}

/** Whether both are there and are one address. */
export function sameAddress(one: Address | null | undefined, other: Address | null | undefined): boolean {
  if (!one || !other) return false
  return one.family === other.family && one.value === other.value
}

/** Orders addresses by family, then by value: the order of every list of addresses in a report. */
export function compareAddresses(one: Address, other: Address): number {
  if (one.family !== other.family) return one.family - other.family
  return one.value < other.value ? -1 : one.value > other.value ? 1 : 0
}
