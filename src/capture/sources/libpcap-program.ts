// Runs in a process of its own: `node libpcap-program.js INTERFACE FILTER`. Writes what it hears to standard output as pcapng, until its
// standard input is closed. What it cannot do is a line on standard error, and so is that frames may be missing.
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
/** After so long without a pause, reading ends and begins anew, so that the end of standard input and the clock are heard. */
const longestBurstNs = 250_000_000n

/** A handle that was collected while libuv still lists what it polls would corrupt that list: cap takes nothing off it. */
const kept: Handle[] = []

const [device = '', filter = ''] = process.argv.slice(2)
const buffer = Buffer.alloc(65535)
const clockNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
let write: ((frame: Frame) => void) | null = null
let handle: Handle | null = null
let inBurst = 0
let burstNs = 0n
let mayHaveLost = false

function open(): void {
  const made = new cap.Cap()
  kept.push(made)
  const kind = made.open(device, filter, bufferBytes, buffer)
  handle = made
  if (kind !== 'ETHERNET') fail(`the interface's frames are of a kind that is not read (${kind})`)
  // Its first block says that now is listened. Standard output is a pipe, to which Node writes at once.
  write ??= frameBlocks((block) => process.stdout.write(block))
  made.on('packet', hear)
}

function hear(length: number): void {
  const nowNs = process.hrtime.bigint()
  inBurst += 1
  if (inBurst === 1) {
    burstNs = nowNs
    setImmediate(() => (inBurst = 0))
  }
  if (inBurst >= places) mayHaveLost = true
  if (nowNs - burstNs > longestBurstNs) pause()
  const bytes = Uint8Array.from(buffer.subarray(0, length))
  write?.({ timeNs: clockNs + nowNs, linkType: linkTypes.ethernet, bytes, originalLength: length })
}

/** Lets everything else run once. */
function pause(): void {
  if (handle === null) return
  handle.close()
  handle = null
  mayHaveLost = true
  setImmediate(opened)
}

function opened(): void {
  try {
    open()
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error))
  }
}

function fail(why: string): never {
  console.error(`libpcap: ${why}`)
  process.exit(1)
}

process.stdin.resume().once('close', () => {
  handle?.close()
  if (mayHaveLost) console.error(framesMayBeMissing)
  process.exit(0)
})
opened()
