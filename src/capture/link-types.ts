import { counted } from '../net/words.ts'

/** The link types that are decoded, by their LINKTYPE_ numbers (https://www.tcpdump.org/linktypes.html). */
export const linkTypes = {
  ...{ ethernet: 1, linuxCooked: 113, linuxCooked2: 276, wifi: 105, wifiRadiotap: 127 },
  ...{ null: 0, loop: 108, ppp: 9, pppSerial: 50, pppPppd: 166 },
  ...{ raw: 101, rawBsd: 12, rawOpenBsd: 14, ipv4: 228, ipv6: 229 },
} as const

/** Those that carry ARP and neighbour discovery; the others that are decoded carry IP alone. */
const withNeighbours: ReadonlySet<number> = new Set([
  ...[linkTypes.ethernet, linkTypes.linuxCooked, linkTypes.linuxCooked2, linkTypes.wifi, linkTypes.wifiRadiotap],
])
const decoded: ReadonlySet<number> = new Set(Object.values(linkTypes))

/** Whether frames of a link type are read at all. */
export const isDecoded = (linkType: number): boolean => decoded.has(linkType)

/** Names of the types of those hosts and routers that meet a VIP, as libpcap has them; of others the number must do. */
const names = new Map<number, string>([
  ...([
    [0, 'BSD loopback'],
    [1, 'Ethernet'],
    [6, 'Token ring'],
    [8, 'SLIP'],
    [9, 'PPP'],
    [10, 'FDDI'],
    [11, 'ATM'],
    [12, 'raw IP'],
    [14, 'raw IP'],
    [19, 'Classical IP over ATM'],
    [50, 'PPP over serial'],
    [51, 'PPPoE'],
    [101, 'raw IP'],
    [104, 'Cisco HDLC'],
    [105, 'IEEE 802.11'],
    [107, 'Frame Relay'],
    [108, 'OpenBSD loopback'],
    [109, 'OpenBSD encapsulated IP'],
    [113, 'Linux cooked v1'],
    [117, 'OpenBSD pflog'],
    [119, 'IEEE 802.11 with Prism header'],
    [122, 'IP over Fibre Channel'],
    [127, 'IEEE 802.11 with radiotap header'],
    [163, 'IEEE 802.11 with AVS header'],
    [166, 'PPP for pppd'],
    [192, 'Per-Packet Information'],
    [219, 'MPLS'],
    [228, 'raw IPv4'],
    [229, 'raw IPv6'],
    [239, 'Linux netfilter log'],
    [242, 'IP over InfiniBand'],
    [247, 'InfiniBand'],
    [253, 'Linux netlink'],
    [258, 'Apple PKTAP'],
    [276, 'Linux cooked v2'],
  ] as const),
  ...[130, 131, 132, 133, 134, 135, 136, 137, 164, 167, 168, 174, 178, 179, 180, 181, 183, 194, 200].map(juniper),
  ...[232, 233, 234, 238].map(juniper),
])

function juniper(number: number): [number, string] {
  return [number, 'Juniper']
}

/** Frames of a capture that cannot say anything about what is asked, and why. */
export interface Unread {
  readonly linkType: number
  /** Null where the type has no name here. */
  readonly name: string | null
  readonly frames: number
  readonly why: 'not-known' | 'ip-alone'
}

/** In words, without a full stop. */
export function unreadText({ linkType, name, frames, why }: Unread): string {
  const kind = `${counted(frames, 'frame')} of link type ${String(linkType)}${name === null ? '' : ` (${name})`}`
  return why === 'ip-alone'
    ? `${kind}, which carries IP alone: no ARP and no NDP`
    : `${kind}, which vipdoctor does not know`
}

/** Of the frames of a capture, counted by link type, those that say nothing about neighbours, or about TCP. */
export function unreadOf(frames: ReadonlyMap<number, number>, about: 'neighbours' | 'tcp'): readonly Unread[] {
  const readable = about === 'neighbours' ? withNeighbours : decoded
  return [...frames]
    .filter(([linkType, count]) => count > 0 && !readable.has(linkType))
    .sort(([one], [other]) => one - other)
    .map(([linkType, count]) => ({
      linkType,
      name: names.get(linkType) ?? null,
      frames: count,
      why: decoded.has(linkType) ? 'ip-alone' : 'not-known',
    }))
}
