import { linkTypes, macText, u16, type Frame } from './frame.ts'
import type { Wanted } from './source.ts'

export const etherTypes = { arp: 0x0806, ipv6: 0x86dd, ipv4: 0x0800 } as const
const vlanTypes = new Set([0x8100, 0x88a8, 0x9100])

/** What is around a network packet: who sent it to whom, in which VLANs, and where in the frame the packet begins. */
export interface Link {
  readonly source: string | null
  /** Null where the capture does not keep it (Linux cooked). */
  readonly destination: string | null
  readonly vlans: readonly number[]
  readonly etherType: number
  readonly payload: Uint8Array
}

/*
 * Ethernet:        destination (6), source (6), EtherType (2)
 * 802.1Q, 802.1ad: EtherType 0x8100 or 0x88a8, then priority and VLAN (2), then the next EtherType (2)
 * Linux cooked v1: packet type (2), ARPHRD (2), address length (2), address (8), protocol (2)
 * Linux cooked v2: protocol (2), reserved (2), interface index (4), ARPHRD (2), packet type (1), address length (1), address (8)
 */

/** Reads the link layer of a frame; null for a link type that is not known and for a frame that ends inside its header. */
export function decodeLink({ bytes, linkType }: Frame): Link | null {
  switch (linkType) {
    case linkTypes.ethernet:
      if (bytes.length < 14) return null
      return tagged(bytes, 12, macText(bytes.subarray(6, 12)), macText(bytes.subarray(0, 6)))
    case linkTypes.linuxCooked:
      return bytes.length < 16 ? null : tagged(bytes, 14, cookedAddress(bytes, u16(bytes, 4), 6), null)
    case linkTypes.linuxCooked2:
      if (bytes.length < 20) return null
      return tagged(bytes, 0, cookedAddress(bytes, bytes[11] ?? 0, 12), null, 20)
    default:
      return null
  }
}

function cookedAddress(bytes: Uint8Array, length: number, at: number): string | null {
  return length === 6 ? macText(bytes.subarray(at, at + 6)) : null
}

/** Follows VLAN tags from the EtherType at `at`; the payload begins behind it, or at `behind`. */
function tagged(
  bytes: Uint8Array,
  at: number,
  source: string | null,
  destination: string | null,
  behind = at + 2,
): Link | null {
  const vlans: number[] = []
  let etherType = u16(bytes, at)
  let start = behind
  while (vlanTypes.has(etherType)) {
    if (bytes.length < start + 4) return null
    vlans.push(u16(bytes, start) & 0xfff)
    etherType = u16(bytes, start + 2)
    start += 4
  }
  return { source, destination, vlans, etherType, payload: bytes.subarray(start) }
}

/** Frames that may be ARP, or ICMPv6: two bytes are looked at, three in a VLAN. The decoder has the last word. */
export const mayBeNeighbour: Wanted = (bytes, from, to, linkType) => {
  let at: number
  if (linkType === linkTypes.ethernet) at = from + 12
  else if (linkType === linkTypes.linuxCooked) at = from + 14
  else if (linkType === linkTypes.linuxCooked2) at = from
  else return false
  if (at + 2 > to) return false
  const type = u16(bytes, at)
  if (type === etherTypes.arp || vlanTypes.has(type)) return true
  // The next header of an IPv6 packet is its seventh byte; a neighbour message has no extension header before it.
  const payload = linkType === linkTypes.linuxCooked2 ? from + 20 : at + 2
  return type === etherTypes.ipv6 && bytes[payload + 6] === 58
}
