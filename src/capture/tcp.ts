import { addressOf, type Address } from '../net/address.ts'
import { u16, type Frame } from './frame.ts'
import { decodeLink, etherTypes, vlanTypes } from './link.ts'
import { isDecoded, linkTypes } from './link-types.ts'
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
  /** The first byte of the other side that the sender waits for; of no account without `ack`. */
  readonly acknowledged: number
  readonly payload: Uint8Array
  /** How many bytes of the payload the capture did not keep, at its end. */
  readonly missing: number
}

/*
 * RFC 791:  version and header length (1), … total length (2) at 2, fragment offset (2) at 6, protocol (1) at 9, source (4) at 12, destination (4)
 * RFC 8200: payload length (2) at 4, next header (1) at 6, source (16) at 8, destination (16)
 * RFC 9293: source port (2), destination port (2), sequence (4), acknowledgement (4), data offset (4 bits), flags (1) at 13
 */
const tcp = 6
const flags = { fin: 1, syn: 2, rst: 4, ack: 16 } as const
/** Behind the flags stand a window, a checksum and options, which do not matter here. */
const flagsEnd = 14

/**
 * Reads a TCP segment; null for everything else, for fragments, and for packets with IPv6 extension headers; `cut` where the capture kept too
 * little of a frame to tell.
 */
export function decodeSegment(frame: Frame): Segment | 'cut' | null {
  const link = decodeLink(frame)
  const tooLittle = frame.bytes.length < frame.originalLength ? 'cut' : null
  if (link === 'encrypted') return null
  if (link === null) return tooLittle
  const packet = link.payload
  const version = (packet[0] ?? 0) >> 4
  if (link.etherType === etherTypes.ipv4) {
    if (packet.length < 20) return tooLittle
    const header = ((packet[0] ?? 0) & 0xf) * 4
    if (version !== 4 || header < 20 || packet[9] !== tcp || (u16(packet, 6) & 0x3fff) !== 0) return null
    // A segment that the interface is yet to divide may have no length.
    const length = (u16(packet, 2) || packet.length) - header
    return segmentOf(frame, packet.subarray(header), length, address(packet, 12, 4), address(packet, 16, 4))
  }
  if (link.etherType !== etherTypes.ipv6) return null
  if (packet.length < 40) return tooLittle
  if (version !== 6 || packet[6] !== tcp) return null
  return segmentOf(frame, packet.subarray(40), u16(packet, 4), address(packet, 8, 16), address(packet, 24, 16))
}

/** `length`: how long the segment was on the wire; behind it stands padding. */
function segmentOf(
  { timeNs, bytes: { length: kept }, originalLength }: Frame,
  padded: Uint8Array,
  length: number,
  source: Address,
  destination: Address,
): Segment | 'cut' | null {
  const bytes = padded.subarray(0, Math.max(length, 0))
  if (bytes.length < flagsEnd) return kept < originalLength ? 'cut' : null
  const header = ((bytes[12] ?? 0) >> 4) * 4
  if (header < 20 || header > length) return null
  const set = bytes[13] ?? 0
  const payload = bytes.subarray(header)
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
    acknowledged: u16(bytes, 8) * 65536 + u16(bytes, 10),
    payload,
    missing: length - header - payload.length,
  }
}

function address(bytes: Uint8Array, at: number, length: 4 | 16): Address {
  let value = 0n
  for (let part = 0; part < length; part += 2) value = (value << 16n) | BigInt(u16(bytes, at + part))
  return addressOf(length === 4 ? 4 : 6, value)
}

/** Frames that may hold TCP over IP: the decoder looks at the ports, and at what is cut off before them. */
export const mayBeTcp: Wanted = (bytes, from, to, linkType) => {
  if (linkType !== linkTypes.ethernet) return isDecoded(linkType)
  if (from + 14 > to) return true
  const type = u16(bytes, from + 12)
  if (type === etherTypes.ipv4) return from + 34 > to || bytes[from + 23] === tcp
  if (type === etherTypes.ipv6) return from + 34 > to || bytes[from + 20] === tcp
  return vlanTypes.has(type)
}
