import type { Frame } from './frame.ts'
import { longestRecord, type PacketReader } from './packet-file.ts'
import type { Wanted } from './source.ts'

/*
 * pcapng (draft-ietf-opsawg-pcapng): blocks of type (4), total length (4), body, total length again (4), padded to 4 bytes.
 *
 *   section header      0x0a0d0d0a  byte order magic (4), version, section length; forgets the interfaces before it
 *   interface           1           link type (2), reserved (2), snap length (4), options
 *   simple packet       3           original length (4), bytes
 *   enhanced packet     6           interface (4), time high (4), time low (4), captured length (4), original length (4), bytes
 */
const sectionHeader = 0x0a0d0d0a
const interfaceBlock = 1
const simplePacket = 3
const enhancedPacket = 6
const byteOrderMagic = 0x1a2b3c4d
/** An option of an interface: the unit of its timestamps. Without it, microseconds. */
const ifTsresol = 9

interface Interface {
  readonly linkType: number
  readonly snapLength: number
  /** Timestamp units in a second. */
  readonly unitsPerSecond: bigint
  frames: number
}

/** Reads pcapng blocks; those that hold no packet are passed over. A section may have another byte order than the one before. */
export function pcapngBlocks(wanted: Wanted, take: (frame: Frame) => void): PacketReader {
  let littleEndian = true
  let interfaces: Interface[] = []
  const all: Interface[] = []
  let problem: string | null = null
  let offset = 0

  function consume(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    while (problem === null && at + 12 <= bytes.length) {
      const type = view.getUint32(at, littleEndian)
      if (type === sectionHeader) littleEndian = view.getUint32(at + 8, true) === byteOrderMagic
      const length = view.getUint32(at + 4, littleEndian)
      if (length < 12 || length % 4 !== 0 || length > longestRecord) {
        problem = `the block at byte ${String(offset + at)} says that it is ${String(length)} bytes long`
        break
      }
      if (at + length > bytes.length) break
      block(bytes, view, type, at + 8, at + length - 4)
      at += length
    }
    offset += at
    return at
  }

  function block(bytes: Uint8Array, view: DataView, type: number, from: number, to: number): void {
    if (type === sectionHeader) interfaces = []
    else if (type === interfaceBlock && to - from >= 8) {
      const one = interfaceOf(view, from, to, littleEndian)
      interfaces.push(one)
      all.push(one)
    } else if (type === enhancedPacket && to - from >= 20) {
      const captured = view.getUint32(from + 12, littleEndian)
      const time =
        (BigInt(view.getUint32(from + 4, littleEndian)) << 32n) | BigInt(view.getUint32(from + 8, littleEndian))
      const into = interfaces[view.getUint32(from, littleEndian)]
      packet(bytes, into, time, from + 20, Math.min(captured, to - from - 20), view.getUint32(from + 16, littleEndian))
    } else if (type === simplePacket && to - from >= 4) {
      const original = view.getUint32(from, littleEndian)
      const [into] = interfaces
      const kept = Math.min(original, into?.snapLength ?? original, to - from - 4)
      packet(bytes, into, 0n, from + 4, kept, original)
    }
  }

  function packet(
    bytes: Uint8Array,
    into: Interface | undefined,
    time: bigint,
    from: number,
    length: number,
    original: number,
  ): void {
    if (into === undefined) return
    into.frames += 1
    if (!wanted(bytes, from, from + length, into.linkType)) return
    take({
      timeNs: (time * 1_000_000_000n) / into.unitsPerSecond,
      linkType: into.linkType,
      bytes: bytes.slice(from, from + length),
      originalLength: original,
    })
  }
  function frames(): ReadonlyMap<number, number> {
    const byType = new Map<number, number>()
    for (const { linkType, frames: count } of all) byType.set(linkType, (byType.get(linkType) ?? 0) + count)
    return byType
  }
  return { consume, problem: () => problem, frames }
}

function interfaceOf(view: DataView, from: number, to: number, littleEndian: boolean): Interface {
  const snapLength = view.getUint32(from + 4, littleEndian)
  return {
    linkType: view.getUint16(from, littleEndian),
    snapLength: snapLength === 0 ? Infinity : snapLength,
    unitsPerSecond: unitsPerSecond(view, from + 8, to, littleEndian),
    frames: 0,
  }
}

/** if_tsresol: a power of ten, or with the top bit set of two. An exponent that no clock has is not believed. */
function unitsPerSecond(view: DataView, from: number, to: number, littleEndian: boolean): bigint {
  for (let at = from; at + 4 <= to;) {
    const code = view.getUint16(at, littleEndian)
    const length = view.getUint16(at + 2, littleEndian)
    if (code === 0) break
    if (code === ifTsresol && length >= 1 && at + 4 < to) {
      const value = view.getUint8(at + 4)
      const exponent = BigInt(value & 0x7f)
      if (exponent > 64n) break
      return (value & 0x80) === 0 ? 10n ** exponent : 2n ** exponent
    }
    at += 4 + length + ((4 - (length % 4)) % 4)
  }
  return 1_000_000n
}
