import { macText, u16, type Frame } from './frame.ts'
import { linkTypes } from './link-types.ts'
import type { Wanted } from './source.ts'
import { wifiFrame, withoutRadiotap } from './wifi.ts'

/** The EtherTypes of what is read (IEEE 802 Numbers, IANA). */
export const etherTypes = { arp: 0x0806, ipv6: 0x86dd, ipv4: 0x0800 } as const
/** IEEE 802.1Q, 802.1ad, and what switches used before that. */
export const vlanTypes: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100])
/** Up to here it is no EtherType but the length of an IEEE 802.3 frame. */
const longest8023 = 1500

/** What is around a network packet: who sent it to whom, in which VLANs, and where in the frame the packet begins. */
export interface Link {
  readonly source: string | null
  /** Null where the capture does not keep it (Linux cooked). */
  readonly destination: string | null
  readonly vlans: readonly number[]
  readonly etherType: number
  readonly payload: Uint8Array
  /** In LLC/SNAP on Ethernet: there Linux takes neither ARP nor IP (net/802/psnap.c knows other protocols only). */
  readonly snap: boolean
}

/*
 * Ethernet:        destination (6), source (6), EtherType (2)
 * 802.1Q, 802.1ad: EtherType 0x8100 or 0x88a8, then priority and VLAN (2), then the next EtherType (2)
 * Linux cooked v1: packet type (2), ARPHRD (2), address length (2), address (8), protocol (2)
 * Linux cooked v2: protocol (2), reserved (2), interface index (4), ARPHRD (2), packet type (1), address length (1), address (8)
 * LLC/SNAP:        aa aa 03, organization 00 00 00, EtherType (2)
 * BSD loopback:    address family (4), in the byte order of the host; the packet says itself whether it is IPv4 or IPv6
 * PPP:             ff 03 (may be left out), protocol 00 21 or 00 57 (may be one byte); of pppd a direction stands for ff
 */

/**
 * Reads the link layer of a frame; null for a link type that is not known, and for a frame that ends inside its header; `encrypted` for one of
 * a wireless network that is.
 */
export function decodeLink({ bytes, linkType }: Frame): Link | 'encrypted' | null {
  switch (linkType) {
    case linkTypes.ethernet:
      if (bytes.length < 14) return null
      return tagged(bytes, 12, macText(bytes.subarray(6, 12)), macText(bytes.subarray(0, 6)))
    case linkTypes.linuxCooked:
      return bytes.length < 16 ? null : tagged(bytes, 14, cookedAddress(bytes, u16(bytes, 4), 6), null)
    case linkTypes.linuxCooked2:
      if (bytes.length < 20) return null
      return tagged(bytes, 0, cookedAddress(bytes, bytes[11] ?? 0, 12), null, 20)
    case linkTypes.wifi:
      return wireless(bytes)
    case linkTypes.wifiRadiotap:
      return wireless(withoutRadiotap(bytes))
    case linkTypes.null:
    case linkTypes.loop:
      return ipAlone(bytes.subarray(4))
    case linkTypes.ppp:
    case linkTypes.pppSerial:
    case linkTypes.pppPppd:
      return ipAlone(withoutPpp(bytes))
    case linkTypes.raw:
    case linkTypes.rawBsd:
    case linkTypes.rawOpenBsd:
    case linkTypes.ipv4:
    case linkTypes.ipv6:
      return ipAlone(bytes)
    default:
      return null
  }
}

/** An IP packet without a link layer that matters; of anything else null. */
function ipAlone(payload: Uint8Array): Link | null {
  const version = (payload[0] ?? 0) >> 4
  if (version !== 4 && version !== 6) return null
  const etherType = version === 4 ? etherTypes.ipv4 : etherTypes.ipv6
  return { source: null, destination: null, vlans: [], etherType, payload, snap: false }
}

function withoutPpp(bytes: Uint8Array): Uint8Array {
  const at = bytes[1] === 0x03 ? 2 : 0
  const protocol = bytes[at] === 0 ? at + 1 : at
  return bytes[protocol] === 0x21 || bytes[protocol] === 0x57 ? bytes.subarray(protocol + 1) : new Uint8Array()
}

function wireless(bytes: Uint8Array): Link | 'encrypted' | null {
  const frame = wifiFrame(bytes)
  if (frame === null || frame === 'encrypted') return frame
  if (!isSnap(bytes, frame.llc)) return null
  const link = tagged(bytes, frame.llc + 6, frame.source, frame.destination)
  return link === null ? null : { ...link, snap: false }
}

const isSnap = (bytes: Uint8Array, at: number): boolean =>
  bytes.length >= at + 8 && bytes[at] === 0xaa && bytes[at + 1] === 0xaa && bytes[at + 2] === 0x03

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
  const snap = etherType <= longest8023 && isSnap(bytes, start)
  if (snap) {
    etherType = u16(bytes, start + 6)
    start += 8
  }
  return { source, destination, vlans, etherType, payload: bytes.subarray(start), snap }
}

/**
 * Frames that may be ARP, or ICMPv6: two bytes are looked at, three in a VLAN. The decoder has the last word, also of what is cut off before
 * them, and of the frames of wireless networks.
 */
export const mayBeNeighbour: Wanted = (bytes, from, to, linkType) => {
  let at: number
  if (linkType === linkTypes.ethernet) at = from + 12
  else if (linkType === linkTypes.linuxCooked) at = from + 14
  else if (linkType === linkTypes.linuxCooked2) at = from
  else return linkType === linkTypes.wifi || linkType === linkTypes.wifiRadiotap
  // The next header of an IPv6 packet is its seventh byte; a neighbour message has no extension header before it.
  const payload = linkType === linkTypes.linuxCooked2 ? from + 20 : at + 2
  if (payload + 7 > to) return true
  const type = u16(bytes, at)
  if (type === etherTypes.arp || vlanTypes.has(type)) return true
  if (type <= longest8023) return bytes[payload] === 0xaa && u16(bytes, payload + 6) === etherTypes.arp
  return type === etherTypes.ipv6 && bytes[payload + 6] === 58
}
