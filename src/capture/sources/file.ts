import { closeSync, openSync, readSync, statSync, type Stats } from 'node:fs'
import { Readable } from 'node:stream'
import { setImmediate as breathe } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { openInput } from '../../evidence/input.ts'
import { UserError } from '../../evidence/user-error.ts'
import type { Frame } from '../frame.ts'
import { longestRecord } from '../packet-file.ts'
import type { FrameSource, SourceEnd, Wanted } from '../source.ts'
import { frameReader, readFrames } from './stream.ts'

/** Small enough to stay in the processor's cache until its frames were looked at. */
const readSize = 1 << 18
/** After so many reads, Ctrl-C and timers get their turn: some hundredths of a second. */
const readsAtOnce = 256

/**
 * A capture file, pcap or pcapng, as it is or gzipped; `-` is standard input.
 * @throws UserError where there is no such file, or it is no capture.
 */
export function fileSource(file: string): FrameSource {
  const found = file === '-' ? null : statOf(file)
  if (found?.isDirectory() === true) throw new UserError(`${file} is a folder, not a capture.`)
  if (found?.isFile() === false && !found.isFIFO()) throw new UserError(`${file} is a device, not a capture.`)
  return {
    name: file,
    read: async (wanted, take, signal) => {
      if (found?.isFile() === true && !isGzipped(file)) return readPlainFile(file, wanted, take, signal)
      const input = file === '-' ? process.stdin : openInput(file, readSize)
      // Whoever writes to a FIFO or to standard input may never do so.
      const end = (): void => {
        input.destroy()
      }
      signal.addEventListener('abort', end)
      try {
        return await readFrames(file, unzipped(input as AsyncIterable<Buffer>), wanted, take, signal)
      } finally {
        signal.removeEventListener('abort', end)
        end()
      }
    },
  }
}

function statOf(file: string): Stats {
  try {
    return statSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const none = code === 'ENOENT' || code === 'ENOTDIR'
    throw new UserError(none ? `There is no capture ${file}.` : `${file} cannot be opened: ${code}.`, null, {
      cause: error,
    })
  }
}

function isGzipped(file: string): boolean {
  const start = new Uint8Array(2)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, start)
    return start[0] === 0x1f && start[1] === 0x8b
  } finally {
    closeSync(descriptor)
  }
}

/** Reads into one buffer again and again: a gigabyte then costs no more than copying it once. */
async function readPlainFile(
  file: string,
  wanted: Wanted,
  take: (frame: Frame) => void,
  signal: AbortSignal,
): Promise<SourceEnd> {
  const reader = frameReader(file, wanted, take)
  // Not a Buffer: what a reader slices out of it must be a copy.
  const bytes = new Uint8Array(2 * longestRecord + readSize)
  const descriptor = openSync(file, 'r')
  let used = 0
  try {
    for (let reads = 1; !signal.aborted && !reader.stopped(); reads += 1) {
      const read = readSync(descriptor, bytes, used, readSize, null)
      if (read === 0) break
      const all = bytes.subarray(0, used + read)
      const taken = reader.consume(all)
      bytes.copyWithin(0, taken, all.length)
      used = all.length - taken
      if (reads % readsAtOnce === 0) await breathe()
    }
  } finally {
    closeSync(descriptor)
  }
  return reader.end(used, null, signal.aborted)
}

/** The bytes behind gzip's magic number, unpacked; others as they are. A damaged archive ends where it cannot be unpacked. */
async function* unzipped(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true) return
  const rest = async function* () {
    yield first.value
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
  }
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) yield* rest()
  else yield* Readable.from(rest()).pipe(createGunzip({ chunkSize: readSize })) as AsyncIterable<Buffer>
}
