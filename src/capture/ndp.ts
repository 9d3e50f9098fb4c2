import { addressOf, type Address } from '../net/address.ts'
import { macText, u16, type Malformed } from './frame.ts'

/** A neighbour solicitation or advertisement. `mac` is the link-layer option of its kind, null without one. */
export interface Ndp {
  readonly type: 'solicitation' | 'advertisement'
  readonly source: Address
  readonly destination: Address
  readonly target: Address
  readonly mac: string | null
  /** Of an advertisement: an answer to a solicitation; and: replaces what the receiver has. */
  readonly solicited: boolean
  readonly override: boolean
}

/*
 * RFC 8200 §3: version, class, flow (4), payload length (2), next header (1), hop limit (1), source (16), destination (16)
 * RFC 4861 §4.3, §4.4: type (1), code (1), checksum (2), flags and reserved (4), target (16), options: type (1), length / 8 (1), …
 */
const ipv6Header = 40
const messageLength = 24
const icmpv6 = 58

/** Reads a neighbour message out of an IPv6 packet; null for everything else. */
export function decodeNdp(bytes: Uint8Array): Ndp | Malformed | null {
  const { 0: version = 0x60, 6: next = icmpv6 } = bytes
  if (version >> 4 !== 6 || next !== icmpv6) return null
  const type = bytes[ipv6Header]
  if (type === undefined) return { odd: 'an ICMPv6 message without a type', short: true }
  if (type !== 135 && type !== 136) return null
  const name = type === 135 ? 'solicitation' : 'advertisement'
  const length = u16(bytes, 4)
  const message = bytes.subarray(ipv6Header, ipv6Header + length)
  if (message.length < Math.max(length, messageLength))
    return {
      odd: `a neighbour ${name} of ${String(message.length)} bytes, where ${String(Math.max(length, messageLength))} make it whole`,
      short: true,
    }
  // RFC 4861 §7.1: what crossed a router is no neighbour's.
  if (bytes[7] !== 255)
    return { odd: `a neighbour ${name} with hop limit ${String(bytes[7])}, which a receiver ignores`, short: false }
  const flags = message[4] ?? 0
  return {
    type: name,
    source: ipv6(bytes, 8),
    destination: ipv6(bytes, 24),
    target: ipv6(message, 8),
    mac: linkLayerOption(message, type === 135 ? 1 : 2),
    solicited: type === 136 && (flags & 0x40) !== 0,
    override: type === 136 && (flags & 0x20) !== 0,
  }
}

function linkLayerOption(message: Uint8Array, wanted: number): string | null {
  for (let at = messageLength; at + 2 <= message.length;) {
    const length = (message[at + 1] ?? 0) * 8
    if (length === 0 || at + length > message.length) return null
    if (message[at] === wanted && length === 8) return macText(message.subarray(at + 2, at + 8))
    at += length
  }
  return null
}

function ipv6(bytes: Uint8Array, at: number): Address {
  let value = 0n
  for (let part = 0; part < 16; part += 2) value = (value << 16n) | BigInt(u16(bytes, at + part))
  return addressOf(6, value)
}
