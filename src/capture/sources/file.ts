import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { UserError } from '../../evidence/user-error.ts'
import type { FrameSource } from '../source.ts'
import { readFrames } from './stream.ts'

/** Large enough that a gigabyte is a thousand reads, small enough to stay in the processor's cache. */
const readSize = 1 << 20

/**
 * A capture file, pcap or pcapng, as it is or gzipped; `-` is standard input.
 * @throws UserError where there is no such file, or it is no capture.
 */
export async function fileSource(file: string): Promise<FrameSource> {
  const found = file === '-' ? null : await stat(file).catch(() => undefined)
  if (found === undefined) throw new UserError(`There is no capture ${file}.`)
  if (found?.isDirectory()) throw new UserError(`${file} is a folder, not a capture.`)
  return {
    name: file,
    read: async (wanted, take, signal) => {
      const input = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: readSize })
      const chunks = input as AsyncIterable<Buffer>
      return readFrames(file, unzipped(chunks), wanted, take, signal)
    },
  }
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
