// Runs in a process of its own: `node libpcap-program.js INTERFACE FILTER`. Writes what it hears to standard output as pcapng, until its
// standard input is closed. What it cannot do is a line on standard error, and so is that frames may be missing.
import { readSync } from 'node:fs'
import cap, { type Handle } from 'cap'
import type { Frame } from '../frame.ts'
import { linkTypes } from '../link-types.ts'
import { frameBlocks } from '../pcapng-writer.ts'
import { framesMayBeMissing } from './libpcap-said.ts'

/*
 * What the package cap 0.2.1 does (src/binding.cc), and what follows from it here:
 * - It always opens an interface promiscuously. Its device "any" would not be, but behind `ifindex N and …` libpcap 1.10 loses the first
 *   frame (it filters once more outside the kernel, where it knows no `ifindex`) and the frames' destinations.
 * - It asks for frames of 65535 bytes, so the kernel's buffer has few places.
 * - It does not hand out pcap_stats: lost frames cannot be counted. That none was lost can be shown, see `places`.
 * - It does not hand out the kernel's time: a frame has the time at which it was read.
 * - Where the interface goes down or away it aborts its process (`assert(status == 0)` in `cb_packets`): hence one of its own.
 * - It reads on as long as there are frames, and lets nothing else run in the meantime.
 */

/** What the kernel's buffer takes. As each place is a power of two behind 65535 bytes, the kernel uses twice as much. */
const bufferBytes = 32 << 20
/** The buffer has at least so many places. Between two moments at which it was empty fewer frames came: none can have been lost. */
const places = 500
/** After so long without a pause, standard input is asked whether it ended: in the meantime nothing else would hear it. */
const longestBurstNs = 250_000_000n

/** So much is written at once: a write for each frame would take longer than the frames do to come. */
const writtenBytes = 1 << 16

/** A handle that was collected while libuv still lists what it polls would corrupt that list: cap takes nothing off it. */
const kept: Handle[] = []

const [device = '', filter = ''] = process.argv.slice(2)
const buffer = Buffer.alloc(65535)
const clockNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
let write: ((frame: Frame) => void) | null = null
let handle: Handle | null = null
let blocks: Uint8Array[] = []
let blockBytes = 0
let inBurst = 0
let burstNs = 0n
let mayHaveLost = false

function open(): void {
  const made = new cap.Cap()
  kept.push(made)
  const kind = made.open(device, filter, bufferBytes, buffer)
  handle = made
  if (kind !== 'ETHERNET') fail(`the interface's frames are of a kind that is not read (${kind})`)
  // Its first block says that now is listened.
  write ??= frameBlocks(put)
  flush()
  made.on('packet', hear)
}

function hear(length: number): void {
  const nowNs = process.hrtime.bigint()
  inBurst += 1
  if (inBurst === 1) {
    burstNs = nowNs
    setImmediate(() => {
      inBurst = 0
      flush()
    })
  }
  if (inBurst >= places) mayHaveLost = true
  if (nowNs - burstNs > longestBurstNs) {
    burstNs = nowNs
    flush()
    if (hasEnded()) end()
  }
  const bytes = buffer.subarray(0, length)
  write?.({ timeNs: clockNs + nowNs, linkType: linkTypes.ethernet, bytes, originalLength: length })
}

/** Keeps a block until there are enough of them, or a pause. */
function put(block: Uint8Array): void {
  blocks.push(block)
  blockBytes += block.length
  if (blockBytes >= writtenBytes) flush()
}

/** Standard output is a pipe, to which Node writes at once. */
function flush(): void {
  if (blockBytes > 0) process.stdout.write(Buffer.concat(blocks))
  blocks = []
  blockBytes = 0
}

/** Whether standard input was closed; it does not block, since Node reads it. */
function hasEnded(): boolean {
  try {
    return readSync(process.stdin.fd, Buffer.alloc(1)) === 0
  } catch {
    // EAGAIN: nothing is there to read.
    return false
  }
}

function end(): never {
  handle?.close()
  flush()
  if (mayHaveLost) console.error(framesMayBeMissing)
  process.exit(0)
}

function fail(why: string): never {
  console.error(`libpcap: ${why}`)
  process.exit(1)
}

process.stdin.resume().once('close', end)
try {
  open()
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
