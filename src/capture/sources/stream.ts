import { UserError } from '../../evidence/user-error.ts'
import type { Frame } from '../frame.ts'
import { packetReader, type PacketReader } from '../packet-file.ts'
import type { SourceEnd, Wanted } from '../source.ts'

/**
 * Reads frames out of the bytes of a capture as they come, from a file, a pipe or a program. What ends in the middle of a frame is told
 * in `cut`, and what came before it has been taken.
 * @throws UserError where the bytes are no capture at all.
 */
export async function readFrames(
  name: string,
  chunks: AsyncIterable<Buffer>,
  wanted: Wanted,
  take: (frame: Frame) => void,
  signal: AbortSignal,
): Promise<SourceEnd> {
  let reader: PacketReader | null = null
  let left: Buffer = Buffer.alloc(0)
  let broken: string | null = null
  try {
    for await (const chunk of chunks) {
      if (signal.aborted) break
      const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk])
      if (reader === null && bytes.length < 4) {
        left = bytes
        continue
      }
      reader ??= packetReader(bytes, wanted, take)
      if (reader === null) throw notACapture(name)
      left = bytes.subarray(reader.consume(bytes))
      if (reader.problem() !== null) break
    }
  } catch (error) {
    // A damaged archive: zlib's own errors have a code, and what was unpacked before is kept.
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error
    broken = `the archive is damaged (${error.message})`
  }
  if (reader === null && broken === null && !signal.aborted) throw notACapture(name)
  const problem = reader?.problem() ?? broken
  const inFrame = left.length > 0 && !signal.aborted ? 'it ends in the middle of a frame' : null
  return { cut: problem ?? inFrame, dropped: null }
}

const notACapture = (name: string): UserError =>
  new UserError(
    `${name} is no capture.`,
    'A capture is a pcap or pcapng file, gzipped or not, as tcpdump -w and Wireshark write it.',
  )
