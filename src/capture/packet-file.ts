import type { Frame } from './frame.ts'
import { pcapRecords } from './pcap.ts'
import { pcapngBlocks } from './pcapng.ts'
import type { Wanted } from './source.ts'

/**
 * Reads a capture piece by piece. `consume` takes what it can of the bytes and says how many those were; the rest must come again, in
 * front of more. `problem` says where and why reading stopped, null while all is well.
 */
export interface PacketReader {
  consume(bytes: Uint8Array): number
  readonly problem: () => string | null
  /** How many frames of each link type were there, wanted or not. */
  readonly frames: () => ReadonlyMap<number, number>
}

/** The longest record that is believed: libpcap's own bound is 256 KiB (pcap-int.h, MAXIMUM_SNAPLEN); a pcapng block may hold options too. */
export const longestRecord = 1 << 20

const magics = new Map<number, { littleEndian: boolean; nanoseconds: boolean }>([
  [0xd4c3b2a1, { littleEndian: true, nanoseconds: false }],
  [0xa1b2c3d4, { littleEndian: false, nanoseconds: false }],
  [0x4d3cb2a1, { littleEndian: true, nanoseconds: true }],
  [0xa1b23c4d, { littleEndian: false, nanoseconds: true }],
])
const sectionHeader = 0x0a0d0d0a

/** The reader for what a file begins with (its first four bytes): pcap or pcapng; null where it is neither. */
export function packetReader(start: Uint8Array, wanted: Wanted, take: (frame: Frame) => void): PacketReader | null {
  if (start.length < 4) return null
  const magic = new DataView(start.buffer, start.byteOffset, 4).getUint32(0)
  if (magic === sectionHeader) return pcapngBlocks(wanted, take)
  const order = magics.get(magic)
  return order === undefined ? null : pcapRecords(order, wanted, take)
}
