import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Surroundings } from '../../src/capture/conclude.ts'
import type { Frame } from '../../src/capture/frame.ts'
import { mayBeNeighbour } from '../../src/capture/link.ts'
import { isOdd, neighbourMessage, type NeighbourMessage, type Odd } from '../../src/capture/neighbour-message.ts'
import { observer, type Observation } from '../../src/capture/observe.ts'
import { decodeSegment, mayBeTcp, type Segment } from '../../src/capture/tcp.ts'
import { packetReader } from '../../src/capture/packet-file.ts'
import { parseAddress } from '../../src/net/address.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { variant, type Change, type Json } from '../kit/fixtures.ts'

/** The path of a recorded capture. */
export const capturePath = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/captures/${name}.pcap`, import.meta.url))

/** What is true in the recorded captures, by scenario. */
export const captureTruth: Json = JSON.parse(
  readFileSync(new URL('../../fixtures/captures/truth.json', import.meta.url), 'utf8'),
)

/** The wanted frames of a whole file in memory. */
export function framesIn(
  bytes: Uint8Array,
  wanted = mayBeNeighbour,
): { frames: Frame[]; left: number; problem: string | null } {
  const frames: Frame[] = []
  const reader = packetReader(bytes, wanted, (frame) => frames.push(frame))
  if (reader === null) return { frames, left: bytes.length, problem: 'no capture' }
  const read = reader.consume(bytes)
  return { frames, left: bytes.length - read, problem: reader.problem() }
}

/** The wanted frames as a capture that keeps so many bytes of each has them. */
export const snapped = (frames: readonly Frame[], bytes: number): Frame[] =>
  frames.map((frame) => ({ ...frame, bytes: frame.bytes.slice(0, bytes) }))

/** The TCP segments of frames, as far as these are long enough to tell. */
export const segmentsOf = (frames: readonly Frame[]): Segment[] =>
  frames.flatMap((frame) => {
    const segment = decodeSegment(frame)
    return segment === null || segment === 'cut' ? [] : [segment]
  })

/** The frames of a recorded capture that may be TCP. */
export const tcpFramesIn = (name: string): Frame[] => framesIn(readFileSync(capturePath(name)), mayBeTcp).frames

/** The messages of a recorded capture. */
export function messagesIn(name: string): NeighbourMessage[] {
  return framesIn(readFileSync(capturePath(name))).frames.flatMap((frame) => {
    const message = neighbourMessage(frame)
    return message === null || isOdd(message) ? [] : [message]
  })
}

/** What the observer saw of an address in some messages. */
export function observed(messages: readonly (NeighbourMessage | Odd)[], vip: string): Observation {
  const address = parseAddress(vip)
  if (address === null) throw new Error(`${vip} is no address`)
  const { see, observation } = observer(address)
  for (const message of messages) see(message)
  return observation()
}

/** Surroundings in which only the MACs of a truth's hosts are known. */
export function knowing(macs: Readonly<Record<string, string>>, more: Partial<Surroundings> = {}): Surroundings {
  const nodes = new Map(Object.entries(macs).map(([node, mac]) => [mac, node]))
  return {
    fabric: 'lan',
    seenFrom: 'client',
    listenedSeconds: null,
    stationOf: (mac) => {
      const node = nodes.get(mac)
      return node === undefined ? null : { node, interface: null }
    },
    ownerMac: undefined,
    ...more,
  }
}

/** A recording with recorded captures in it: `captures/client/x.pcap` or `captures/<node>/eth0.pcap` by the capture's name. */
export function withCaptures(
  bundle: string,
  captures: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, Change>> = {},
): Promise<Evidence> {
  return variant(bundle, {
    ...changes,
    ...Object.fromEntries(
      Object.entries(captures).map(([place, name]) => [`captures/${place}.pcap`, readFileSync(capturePath(name))]),
    ),
  })
}
