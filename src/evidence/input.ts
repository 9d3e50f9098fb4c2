import { closeSync, constants, createReadStream, fstatSync, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** Why something that was named is not read; `code` is that of the system's error, or our own: `NOT_A_FILE`, `TOO_LARGE`. */
export class UnreadableError extends Error {
  readonly code: 'NOT_A_FILE' | 'TOO_LARGE'
  constructor(code: UnreadableError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** The longest text that V8 makes of bytes (512 MiB less 24 bytes); no file of a bundle comes near it. */
export const longestText = 0x1fff_ffe8

/** What all that is packed in a bundle may unfold to; beyond it, it is taken for a bomb. The largest sensible bundle (1,000 nodes of 1 MB) fits. */
export const mostUnfolded = 2 * 1024 ** 3

/**
 * The bytes of a regular file. What is no file is not waited for: a FIFO that nobody writes to, a device without an end.
 *
 * @throws UnreadableError for what is none or has more than `mostBytes`; the system's error where it cannot be opened.
 */
export function readRegularFile(file: string, mostBytes = longestText): Buffer {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(descriptor)
    if (stat.isDirectory()) throw new UnreadableError('NOT_A_FILE', 'a directory, not a file')
    if (!stat.isFile()) throw new UnreadableError('NOT_A_FILE', 'no regular file')
    if (stat.size > mostBytes) throw tooLarge(mostBytes)
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

export const tooLarge = (mostBytes = longestText): UnreadableError =>
  new UnreadableError('TOO_LARGE', `larger than ${Math.round(mostBytes / 1024 ** 2)} MiB`)

/**
 * The bytes of a file or of a FIFO that the user named, as they come. A FIFO is read so that the program can be ended while nobody writes:
 * libuv would open it in a thread that nothing can interrupt.
 *
 * @throws UnreadableError for a directory or a device; the system's error where it cannot be opened.
 */
export function openInput(file: string, highWaterMark = 1 << 18): Readable {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(descriptor)
    if (stat.isFIFO()) return new Socket({ fd: descriptor, readable: true, writable: false })
    if (stat.isFile()) return createReadStream(file, { fd: descriptor, highWaterMark })
    throw new UnreadableError('NOT_A_FILE', stat.isDirectory() ? 'a directory, not a file' : 'a device, not a file')
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}
