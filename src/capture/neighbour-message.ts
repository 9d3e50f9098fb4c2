import { sameAddress, type Address } from '../net/address.ts'
import { decodeArp, type Arp } from './arp.ts'
import { zeroMac, type Frame, type Malformed } from './frame.ts'
import { decodeLink, etherTypes, type Link } from './link.ts'
import { decodeNdp, type Ndp } from './ndp.ts'

/**
 * What a message is. ARP: a message whose sender and target address are equal is gratuitous, request or reply, whatever its target
 * MAC; of the requests, one with an empty target MAC is an announcement (RFC 5227 §2.3). A probe asks for an address without giving one.
 */
type MessageKind =
  | 'request'
  | 'reply'
  | 'gratuitous request'
  | 'gratuitous reply'
  | 'announcement'
  | 'probe'
  | 'solicitation'
  | 'advertisement'
  | 'unsolicited advertisement'

/** An ARP or neighbour discovery message: `mac` says or asks something about `about`. */
export interface NeighbourMessage {
  readonly timeNs: bigint
  readonly kind: MessageKind
  /** The address that is claimed, or asked for. */
  readonly about: Address
  /** Who claims it, or who asks: the MAC in the message, or that of the frame where the message has none. */
  readonly mac: string
  /** Who asks, as far as the message says; null for a claim and for a probe. */
  readonly asker: Address | null
  readonly targetMac: string | null
  readonly destination: string | null
  readonly vlans: readonly number[]
  readonly length: number
}

/** Whether a message says "I have this address". */
export function isClaim({ kind }: NeighbourMessage): boolean {
  switch (kind) {
    case 'reply':
    case 'gratuitous request':
    case 'gratuitous reply':
    case 'announcement':
    case 'advertisement':
    case 'unsolicited advertisement':
      return true
    case 'request':
    case 'probe':
    case 'solicitation':
      return false
  }
}

/** Whether a claim was made without being asked. */
export const isUnasked = ({ kind }: NeighbourMessage): boolean =>
  kind === 'gratuitous request' ||
  kind === 'gratuitous reply' ||
  kind === 'announcement' ||
  kind === 'unsolicited advertisement'

/** A message that is not understood. `cut`: the capture does not have all of it, so that it may have said anything. */
export interface Odd {
  readonly odd: string
  readonly cut: boolean
}

/** Whether it is a frame that was no message as its standard has it. */
export const isOdd = (message: NeighbourMessage | Odd): message is Odd => 'odd' in message

/** Reads a frame: a message, one that is odd, or null for a frame that is neither ARP nor neighbour discovery. */
export function neighbourMessage(frame: Frame): NeighbourMessage | Odd | null {
  const link = decodeLink(frame)
  if (link === null) return isCut(frame) ? oddOf(frame, { odd: 'a frame', short: true }) : null
  if (link === 'encrypted') return { odd: 'a frame of a wireless network that is encrypted', cut: true }
  if (link.etherType === etherTypes.arp) return arpMessage(frame, link)
  if (link.etherType !== etherTypes.ipv6) return null
  const ndp = decodeNdp(link.payload)
  if (ndp === null) return null
  return 'odd' in ndp ? oddOf(frame, ndp) : ndpMessage(frame, link, ndp)
}

const isCut = ({ bytes, originalLength }: Frame): boolean => bytes.length < originalLength

/** What ends too early was cut by the capture, or was sent so. */
function oddOf(frame: Frame, { odd, short }: Malformed): Odd {
  if (!short || !isCut(frame)) return { odd, cut: false }
  const kept = String(frame.bytes.length)
  return { odd: `${odd}, cut to ${kept} bytes in the capture (tcpdump -s 0 keeps all)`, cut: true }
}

function arpMessage(frame: Frame, link: Link): NeighbourMessage | Odd {
  if (link.snap) return { odd: 'an ARP message in LLC/SNAP, which Linux does not take on Ethernet', cut: false }
  const arp = decodeArp(link.payload)
  if ('odd' in arp) return oddOf(frame, arp)
  const { sender, senderMac, target, targetMac } = arp
  const kind = arpKind(arp)
  const claims = kind !== 'request' && kind !== 'probe'
  // Spelled out: with the fields of another object spread into it, it takes longer than all the reading.
  return {
    timeNs: frame.timeNs,
    kind,
    about: claims ? sender : target,
    mac: senderMac,
    asker: kind === 'request' ? sender : null,
    targetMac,
    destination: link.destination,
    vlans: link.vlans,
    length: frame.originalLength,
  }
}

// Not inside `arpMessage`: the bundler names a function that is made for each frame, which takes longer than reading the frame.
function arpKind({ operation, sender, target, targetMac }: Arp): MessageKind {
  if (sameAddress(sender, target)) {
    if (operation === 'reply') return 'gratuitous reply'
    return targetMac === zeroMac ? 'announcement' : 'gratuitous request'
  }
  if (operation === 'request' && sender.value === 0n) return 'probe'
  return operation
}

function ndpMessage(frame: Frame, link: Link, { type, source, target, mac, solicited }: Ndp): NeighbourMessage {
  const probes = type === 'solicitation' && source.value === 0n
  return {
    ...common(frame, link),
    kind: type === 'solicitation' ? (probes ? 'probe' : type) : solicited ? type : 'unsolicited advertisement',
    about: target,
    mac: mac ?? link.source ?? zeroMac,
    asker: type === 'solicitation' && !probes ? source : null,
    targetMac: null,
  }
}

const common = ({ timeNs, originalLength }: Frame, { destination, vlans }: Link) => ({
  timeNs,
  destination,
  vlans,
  length: originalLength,
})
