import type { Evidence } from '../evidence/evidence.ts'
import { counted } from '../net/words.ts'
import { gap, isGap, type Gap } from '../evidence/gap.ts'
import { mayBeNeighbour } from './link.ts'
import { isOdd, neighbourMessage, type NeighbourMessage, type Odd } from './neighbour-message.ts'
import { unreadOf, unreadText } from './link-types.ts'
import { packetReader } from './packet-file.ts'
import { isBgp } from './bgp/observe.ts'
import type { Wanted } from './source.ts'
import { decodeSegment, mayBeTcp, type Segment } from './tcp.ts'
import { perEvidence } from '../evidence/memo.ts'

/** A capture that lies in a bundle: where it was taken, and its ARP, neighbour and BGP messages as far as they could be read. */
export interface RecordedCapture {
  readonly file: string
  readonly seenFrom: { readonly node: string } | 'client'
  readonly messages: readonly (NeighbourMessage | Odd)[]
  /** The segments to and from port 179. */
  readonly segments: readonly Segment[]
  /** Why it could not be read, or not to its end. */
  readonly gap: Gap | null
}

/** The captures of a bundle: `captures/<node>/<interface>.pcap[ng]`, and `captures/client/<name>.pcap[ng]` from a host that is no node. */
export const recordedCaptures = perEvidence((evidence): readonly RecordedCapture[] =>
  evidence.store.list('captures').flatMap((place) =>
    evidence.store
      .list(`captures/${place}`)
      .filter((name) => /\.pcap(ng)?$/.test(name))
      .map((name) => readOne(evidence, `captures/${place}/${name}`, place)),
  ),
)

const wanted: Wanted = (...frame) => mayBeNeighbour(...frame) || mayBeTcp(...frame)

function readOne(evidence: Evidence, file: string, place: string): RecordedCapture {
  const seenFrom = place === 'client' ? place : { node: place }
  const bytes = evidence.store.read(file)
  if (isGap(bytes)) return { file, seenFrom, messages: [], segments: [], gap: bytes }
  const messages: (NeighbourMessage | Odd)[] = []
  const segments: Segment[] = []
  const reader = packetReader(bytes, wanted, (frame) => {
    const message = neighbourMessage(frame)
    if (message !== null) messages.push(message)
    const segment = message === null ? decodeSegment(frame) : null
    if (segment !== null && segment !== 'cut' && isBgp(segment)) segments.push(segment)
  })
  if (reader === null) return { file, seenFrom, messages, segments, gap: gap(file, 'is no capture') }
  const left = bytes.length - reader.consume(bytes)
  const unread = unreadOf(reader.frames(), 'neighbours').map(unreadText).join('; ')
  const cut = messages.filter((message) => isOdd(message) && message.cut).length
  const problem =
    reader.problem() ??
    (left > 0 ? 'it ends in the middle of a frame' : null) ??
    (unread === '' ? null : unread) ??
    (cut === 0 ? null : `it has too little of ${counted(cut, 'message')} to read them (tcpdump -s 0 keeps all)`)
  return { file, seenFrom, messages, segments, gap: problem === null ? null : gap(file, problem) }
}
