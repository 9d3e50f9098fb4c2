// A capture of a busy host: TCP segments of every size, and one ARP frame in a thousand. Always the same bytes.
import { closeSync, openSync, writeSync } from 'node:fs'

/** mulberry32: small, seeded, good enough for sizes. */
function random(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const mac = (n) => [0x02, 0, 0, 0, n >> 8, n & 255]
const broadcast = [255, 255, 255, 255, 255, 255]
const vip = [10, 240, 0, 100]
const gateway = [10, 240, 0, 1]
const client = [10, 240, 0, 50]

function arp(operation, from, sender, to, target) {
  const destination = operation === 1 ? broadcast : mac(to)
  return Buffer.from([
    ...[...destination, ...mac(from), 8, 6],
    ...[0, 1, 8, 0, 6, 4, 0, operation],
    ...[...mac(from), ...sender],
    ...[...(operation === 1 ? [0, 0, 0, 0, 0, 0] : mac(to)), ...target],
    ...Array(18).fill(0),
  ])
}

/** The client asks for the gateway and for the VIP, and both answer. */
const exchange = [
  arp(1, 50, client, 1, gateway),
  arp(2, 1, gateway, 50, client),
  arp(1, 50, client, 10, vip),
  arp(2, 10, vip, 50, client),
]

function segment(length, draw) {
  const frame = Buffer.alloc(length)
  frame.set([...mac(1), ...mac(50), 8, 0, 0x45, 0])
  frame.writeUInt16BE(length - 14, 16)
  frame.set([0, 0, 0x40, 0, 64, 6, 0, 0, ...client, 10, 32, 0, 10], 18)
  for (let at = 34; at < length; at += 4) frame.writeUInt32LE(Math.floor(draw() * 2 ** 32), Math.min(at, length - 4))
  frame[46] = 0x50
  return frame
}

/**
 * Writes a pcap of about so many bytes and says how many frames and how many ARP frames it has. Frames are those of a transfer: full
 * ones, bare acknowledgements, and some of any size.
 */
export function writeCapture(file, bytes, seed = 1) {
  const draw = random(seed)
  const sizes = Array.from({ length: 500 }, (_, n) =>
    n % 5 < 2 ? 1514 : n % 5 < 4 ? 66 : 66 + Math.floor(draw() * 1448),
  )
  const segments = sizes.map((length) => segment(length, draw))
  const out = openSync(file, 'w')
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262144, 16)
  header.writeUInt32LE(1, 20)
  writeSync(out, header)
  const block = Buffer.alloc(1 << 22)
  let [used, written, frames, arps, micros] = [0, header.length, 0, 0, 0]
  while (written + used < bytes) {
    const isArp = frames % 1000 === 999
    const frame = isArp ? exchange[arps++ % exchange.length] : segments[Math.floor(draw() * segments.length)]
    if (used + 16 + frame.length > block.length) {
      writeSync(out, block, 0, used)
      written += used
      used = 0
    }
    micros += 100
    block.writeUInt32LE(1_795_000_000 + Math.floor(micros / 1e6), used)
    block.writeUInt32LE(micros % 1e6, used + 4)
    block.writeUInt32LE(frame.length, used + 8)
    block.writeUInt32LE(frame.length, used + 12)
    frame.copy(block, used + 16)
    used += 16 + frame.length
    frames += 1
  }
  writeSync(out, block, 0, used)
  closeSync(out)
  return { frames, arps }
}
