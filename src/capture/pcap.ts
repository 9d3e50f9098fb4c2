import type { Frame } from './frame.ts'
import { longestRecord, type PacketReader } from './packet-file.ts'
import type { Wanted } from './source.ts'

/*
 * pcap (draft-ietf-opsawg-pcap):
 *
 *   file header, 24 bytes: magic, major (2), minor (2), zone (4), accuracy (4), snap length (4), link type (4; upper bits: FCS)
 *   record: seconds (4), fraction (4), captured length (4), original length (4), then the captured bytes
 */
const headerLength = 24
const recordHeader = 16

/** Reads pcap records; all numbers are in the byte order of the machine that wrote them. */
export function pcapRecords(
  { littleEndian, nanoseconds }: { readonly littleEndian: boolean; readonly nanoseconds: boolean },
  wanted: Wanted,
  take: (frame: Frame) => void,
): PacketReader {
  const fraction = nanoseconds ? 1n : 1000n
  let linkType: number | null = null
  let problem: string | null = null
  let count = 0
  let offset = 0

  function consume(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    if (linkType === null) {
      if (bytes.length < headerLength) return 0
      linkType = view.getUint32(20, littleEndian) & 0xffff
      at = headerLength
    }
    while (problem === null && at + recordHeader <= bytes.length) {
      const captured = view.getUint32(at + 8, littleEndian)
      if (captured > longestRecord) {
        problem = `frame ${String(count + 1)}, at byte ${String(offset + at)}, says that it is ${String(captured)} bytes long`
        break
      }
      const from = at + recordHeader
      const to = from + captured
      if (to > bytes.length) break
      count += 1
      if (wanted(bytes, from, to, linkType)) {
        const seconds = BigInt(view.getUint32(at, littleEndian))
        take({
          timeNs: seconds * 1_000_000_000n + BigInt(view.getUint32(at + 4, littleEndian)) * fraction,
          linkType,
          bytes: bytes.slice(from, to),
          originalLength: view.getUint32(at + 12, littleEndian),
        })
      }
      at = to
    }
    offset += at
    return at
  }
  return { consume, problem: () => problem, frames: () => new Map(linkType === null ? [] : [[linkType, count]]) }
}
