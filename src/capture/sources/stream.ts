import { UserError } from '../../evidence/user-error.ts'
import type { Frame } from '../frame.ts'
import { packetReader, type PacketReader } from '../packet-file.ts'
import type { SourceEnd, Wanted } from '../source.ts'

/** Takes frames out of the bytes of a capture, whatever brings them. */
export interface FrameReader {
  /** How many of the bytes were taken; the rest must come again, in front of more. */
  consume(bytes: Uint8Array): number
  /** True where a record says something impossible: nothing behind it is read. */
  readonly stopped: () => boolean
  /** What is to be told at the end. `left` bytes were not taken; `broken` is why no more came; null at the plain end. */
  readonly end: (left: number, broken: string | null, aborted: boolean) => SourceEnd
}

/** A reader for what its first bytes say: pcap or pcapng. It throws a UserError where they are no capture at all. */
export function frameReader(name: string, wanted: Wanted, take: (frame: Frame) => void): FrameReader {
  let reader: PacketReader | null = null
  return {
    consume: (bytes) => {
      if (reader === null && bytes.length < 4) return 0
      reader ??= packetReader(bytes, wanted, take)
      if (reader === null) throw notACapture(name)
      return reader.consume(bytes)
    },
    stopped: () => reader !== null && reader.problem() !== null,
    end: (left, broken, aborted) => {
      if (reader === null && broken === null && !aborted) throw notACapture(name)
      const problem = reader?.problem() ?? broken
      const inFrame = left > 0 && !aborted ? 'it ends in the middle of a frame' : null
      return { cut: problem ?? inFrame, dropped: null, frames: reader?.frames() ?? new Map() }
    },
  }
}

/**
 * Reads frames out of the bytes of a capture as they come, from a pipe or a program. What ends in the middle of a frame is told in `cut`,
 * and what came before it has been taken.
 * @throws UserError where the bytes are no capture at all.
 */
export async function readFrames(
  name: string,
  chunks: AsyncIterable<Buffer>,
  wanted: Wanted,
  take: (frame: Frame) => void,
  signal: AbortSignal,
): Promise<SourceEnd> {
  const reader = frameReader(name, wanted, take)
  let left: Buffer = Buffer.alloc(0)
  let broken: string | null = null
  try {
    for await (const chunk of chunks) {
      if (signal.aborted) break
      const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk])
      left = bytes.subarray(reader.consume(bytes))
      if (reader.stopped()) break
    }
  } catch (error) {
    // A damaged archive: zlib's own errors have a code, and what was unpacked before is kept. What was aborted ends in between.
    if (signal.aborted) return reader.end(left.length, broken, true)
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error
    broken = `the archive is damaged (${error.message})`
  }
  return reader.end(left.length, broken, signal.aborted)
}

const notACapture = (name: string): UserError =>
  new UserError(
    `${name} is no capture.`,
    'A capture is a pcap or pcapng file, gzipped or not, as tcpdump -w and Wireshark write it.',
  )
