import type { Segment } from '../tcp.ts'

/** One direction of a TCP connection. `push` hands out the bytes that are now in order; what comes early waits, what comes again is passed over. */
export interface Stream {
  readonly push: (segment: Segment) => Uint8Array
  /** Whether bytes are missing that will never come in this capture: more waits behind the hole than a window holds. */
  readonly broken: () => boolean
}

/** More segments behind a hole than this, and the hole is in the capture, not on the wire. */
const patience = 64

/** Reassembles by sequence numbers, which wrap at 2^32. A stream that was there before the capture begins with its first bytes. */
export function stream(): Stream {
  let next: number | null = null
  let early: Segment[] = []
  let broken = false

  function push(segment: Segment): Uint8Array {
    if (segment.syn) {
      next = (segment.sequence + 1) >>> 0
      return segment.payload
    }
    if (segment.payload.length === 0) return segment.payload
    next ??= segment.sequence
    early.push(segment)
    const parts: Uint8Array[] = []
    for (let found = takeNext(); found !== null; found = takeNext()) parts.push(found)
    if (early.length > patience) broken = true
    return parts.length === 1 ? (parts[0] ?? new Uint8Array()) : Buffer.concat(parts)
  }

  /** The bytes that continue the stream, if some segment has them. */
  function takeNext(): Uint8Array | null {
    const expected = next ?? 0
    early = early.filter(({ sequence, payload }) => distance(expected, sequence + payload.length) > 0)
    const index = early.findIndex(({ sequence }) => distance(expected, sequence) <= 0)
    const [segment] = index === -1 ? [] : early.splice(index, 1)
    if (segment === undefined) return null
    const fresh = segment.payload.subarray(-distance(expected, segment.sequence))
    next = (expected + fresh.length) >>> 0
    return fresh
  }
  return { push, broken: () => broken }
}

/** How far `to` lies behind `from`, between -2^31 and 2^31. */
const distance = (from: number, to: number): number => (to - from) | 0
