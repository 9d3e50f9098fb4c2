import type { Segment } from '../tcp.ts'

/** Bytes of one direction that are in order, and how many before them the capture does not have. */
export interface Piece {
  readonly lost: number
  readonly bytes: Uint8Array
}

/** One direction of a TCP connection. What comes early waits, what comes again is passed over. */
export interface Stream {
  /** Says with which number the bytes begin, where a SYN or its answer tells. */
  readonly begin: (sequence: number) => void
  readonly push: (segment: Segment) => readonly Piece[]
  /** The other side has everything before this number: what is not here was lost by the capture alone, and will never come. */
  readonly acknowledge: (sequence: number) => readonly Piece[]
  /** How many bytes are known to be missing behind all that was handed out. */
  readonly lostAtEnd: () => number
}

/** More segments behind a hole than this, and the hole is in the capture, not on the wire. */
const patience = 64

/** Reassembles by sequence numbers, which wrap at 2^32. A stream that was there before the capture begins with its first bytes. */
export function stream(): Stream {
  let next: number | null = null
  let acknowledged: number | null = null
  let early: Segment[] = []
  /** Bytes before the next ones that the capture does not have. */
  let lost = 0

  function push(segment: Segment): readonly Piece[] {
    if (segment.payload.length + segment.missing === 0) return []
    next ??= segment.sequence
    early.push(segment)
    return inOrder()
  }

  function acknowledge(sequence: number): readonly Piece[] {
    if (acknowledged === null || distance(acknowledged, sequence) > 0) acknowledged = sequence
    return inOrder()
  }

  function inOrder(): readonly Piece[] {
    const pieces: Piece[] = []
    while (next !== null) {
      const expected: number = next
      early = early.filter((one) => distance(expected, endOf(one)) > 0)
      const [first] = early.sort((one, other) => distance(other.sequence, one.sequence))
      if (first === undefined) break
      const hole = distance(expected, first.sequence)
      const passed = acknowledged !== null && distance(first.sequence, acknowledged) >= 0
      if (hole > 0 && !passed && early.length <= patience) break
      early.shift()
      lost += Math.max(hole, 0)
      const fresh = first.payload.subarray(Math.max(-hole, 0))
      if (fresh.length > 0) {
        pieces.push({ lost, bytes: fresh })
        lost = 0
      }
      // Of a frame that the capture cut, the end is missing as of one that it lost.
      lost += Math.min(first.missing, distance(expected, endOf(first)))
      next = endOf(first)
    }
    return pieces
  }

  function lostAtEnd(): number {
    const [first] = early
    const seen = first === undefined ? acknowledged : first.sequence
    return lost + (next === null || seen === null ? 0 : Math.max(0, distance(next, seen)))
  }
  return { begin: (sequence) => (next = sequence), push, acknowledge, lostAtEnd }
}

const endOf = ({ sequence, payload, missing }: Segment): number => (sequence + payload.length + missing) >>> 0

/** How far `to` lies behind `from`, between -2^31 and 2^31. */
const distance = (from: number, to: number): number => (to - from) | 0
