import { addressOf, type Address } from '../net/address.ts'
import { linkTypes, u16, type Frame } from './frame.ts'
import { decodeLink, etherTypes } from './link.ts'
import type { Wanted } from './source.ts'

/** A TCP segment. `sequence` is the number of its first byte (of its SYN, where it has one). */
export interface Segment {
  readonly timeNs: bigint
  readonly source: Address
  readonly sourcePort: number
  readonly destination: Address
  readonly destinationPort: number
  readonly sequence: number
  readonly syn: boolean
  readonly ack: boolean
  readonly fin: boolean
  readonly rst: boolean
  readonly payload: Uint8Array
}

/*
 * RFC 791:  version and header length (1), … total length (2) at 2, fragment offset (2) at 6, protocol (1) at 9, source (4) at 12, destination (4)
 * RFC 8200: payload length (2) at 4, next header (1) at 6, source (16) at 8, destination (16)
 * RFC 9293: source port (2), destination port (2), sequence (4), acknowledgement (4), data offset (4 bits), flags (1) at 13
 */
const tcp = 6
const flags = { fin: 1, syn: 2, rst: 4, ack: 16 } as const

/** Reads a TCP segment; null for everything else, for fragments, and for packets with IPv6 extension headers. */
export function decodeSegment(frame: Frame): Segment | null {
  const link = decodeLink(frame)
  if (link === null) return null
  const packet = link.payload
  if (link.etherType === etherTypes.ipv4) {
    const header = ((packet[0] ?? 0) & 0xf) * 4
    if (packet.length < 20 || header < 20 || packet[9] !== tcp || (u16(packet, 6) & 0x3fff) !== 0) return null
    const segment = packet.subarray(header, u16(packet, 2))
    return segmentOf(frame, segment, address(packet, 12, 4), address(packet, 16, 4))
  }
  if (link.etherType !== etherTypes.ipv6 || packet.length < 40 || packet[6] !== tcp) return null
  const segment = packet.subarray(40, 40 + u16(packet, 4))
  return segmentOf(frame, segment, address(packet, 8, 16), address(packet, 24, 16))
}

function segmentOf({ timeNs }: Frame, bytes: Uint8Array, source: Address, destination: Address): Segment | null {
  const header = ((bytes[12] ?? 0) >> 4) * 4
  if (bytes.length < 20 || header < 20 || header > bytes.length) return null
  const set = bytes[13] ?? 0
  return {
    timeNs,
    source,
    sourcePort: u16(bytes, 0),
    destination,
    destinationPort: u16(bytes, 2),
    sequence: u16(bytes, 4) * 65536 + u16(bytes, 6),
    syn: (set & flags.syn) !== 0,
    ack: (set & flags.ack) !== 0,
    fin: (set & flags.fin) !== 0,
    rst: (set & flags.rst) !== 0,
    payload: bytes.subarray(header),
  }
}

function address(bytes: Uint8Array, at: number, length: 4 | 16): Address {
  let value = 0n
  for (let part = 0; part < length; part += 2) value = (value << 16n) | BigInt(u16(bytes, at + part))
  return addressOf(length === 4 ? 4 : 6, value)
}

/** Frames that may hold TCP over IP: the decoder looks at the ports. */
export const mayBeTcp: Wanted = (bytes, from, to, linkType) => {
  if (linkType !== linkTypes.ethernet) return true
  if (from + 34 > to) return false
  const type = u16(bytes, from + 12)
  if (type === etherTypes.ipv4) return bytes[from + 23] === tcp
  if (type === etherTypes.ipv6) return bytes[from + 20] === tcp
  return type === 0x8100 || type === 0x88a8
}
