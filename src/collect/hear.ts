import type { Frame } from '../capture/frame.ts'
import { linkTypes } from '../capture/link-types.ts'
import { mayBeNeighbour } from '../capture/link.ts'
import { frameBlocks, interfaceBlock } from '../capture/pcapng-writer.ts'
import type { FrameSource, ListenOptions, Wanted } from '../capture/source.ts'
import { askNeighbour } from '../capture/sources/ask.ts'
import { liveSource } from '../capture/sources/live.ts'
import { gatewayOn, linkOf } from '../capture/sources/route.ts'
import { mayBeTcp } from '../capture/tcp.ts'
import { UserError } from '../evidence/user-error.ts'
import type { Speech, WhereHeard } from '../journey/where-heard.ts'
import type { Address } from '../net/address.ts'
import { counted } from '../net/words.ts'
import { emptyCollection, type Collection, type Progress } from './collection.ts'
import { limiter } from './limiter.ts'
import type { Reach } from './node/reach.ts'
import type { NodeTarget } from './node/transport.ts'

/** Where it is listened, for how many seconds, and whether anything is asked meanwhile. */
export interface HearOptions {
  readonly seconds: number
  /** Whether this host asks for the VIPs and its gateway meanwhile; else nothing is sent. */
  readonly asks: boolean
  readonly where: WhereHeard
  /** The nodes to listen on over `reach`, with their own addresses, and how many of them at once. */
  readonly targets: readonly (NodeTarget & { readonly own: string | null })[]
  readonly reach: Reach | null
  readonly atOnce: number
  /** The node that this host is, where that one is not among the targets; null where this host is none. */
  readonly here: { readonly node: string | null; readonly link: string | null } | null
  readonly signal: AbortSignal
  readonly progress: Progress
}

const filters: Readonly<Record<Speech, string>> = { arp: 'arp', ndp: 'icmp6', bgp: 'tcp port 179' }

/** More than is announced in any minute; a flood ends a capture sooner. */
const mostBytes = 16 << 20

/** One capture: `captures/<folder>/<interface>.pcapng`, on a host that is no node `captures/client/<interface>.pcapng`. */
interface Place {
  readonly folder: string
  /** Null where only the node tells which it is. */
  readonly interfaceName: string | null
  /** For which addresses this host asks there. */
  readonly asksFor: readonly Address[]
  readonly source: () => Promise<FrameSource>
}

/** Of one place: the interface, the capture, and what is not in it, a phrase; without bytes why there is none. */
interface Heard {
  readonly name: string
  readonly bytes: Uint8Array | null
  readonly why: string | null
}

/** Listens on the nodes, and here where a VIP is on the link, all at the same time. What could not be heard is a gap that says how it could. */
export async function hear(options: HearOptions): Promise<Collection> {
  const { progress, seconds, atOnce } = options
  const collection = emptyCollection()
  const places = [...onNodes(options), ...onThisHost(options)]
  if (places.length === 0) {
    progress('captures: nowhere to listen: no node is reached (--nodes), and no VIP is in a subnet of this host', true)
    return collection
  }
  progress(`captures: listening at ${counted(places.length, 'place')} for ${String(seconds)} s`)
  const slot = limiter(atOnce)
  await Promise.all(
    places.map((place) =>
      slot(async () => {
        const heard = await listen(place, options)
        const file = `captures/${place.folder}/${heard.name}.pcapng`
        if (heard.bytes !== null) collection.files.set(file, heard.bytes)
        if (heard.why === null) return
        collection.gaps.set(file, heard.why)
        progress(
          `captures: ${heard.bytes === null ? 'nothing' : 'not all'} could be heard at ${place.folder}: ${heard.why}`,
          true,
        )
      }),
    ),
  )
  progress(`captures: ${String(collection.files.size)} of ${String(places.length)} taken`)
  return collection
}

function listenOptions({ speech }: WhereHeard): ListenOptions {
  const filter = [...speech].sort().map((one) => filters[one])
  // A BGP message may fill a segment; a neighbour's never fills a frame.
  return { promiscuous: false, filter: filter.join(' or '), snapLength: speech.has('bgp') ? 65535 : 1600 }
}

function wantedOf({ speech }: WhereHeard): Wanted {
  return speech.has('bgp') ? (...frame) => mayBeNeighbour(...frame) || mayBeTcp(...frame) : mayBeNeighbour
}

function onNodes({ reach, targets, where }: HearOptions): readonly Place[] {
  if (reach === null) return []
  const vips = new Map(where.nodes.map(({ name, vip }) => [name, vip.text]))
  return targets.map((target) => ({
    folder: target.node,
    interfaceName: null,
    asksFor: [],
    source: () => {
      if (target.unreachable !== undefined) return Promise.reject(new UserError(`${target.unreachable}.`))
      const place = { interfaceName: null, address: target.own, vip: vips.get(target.node) ?? null }
      return Promise.resolve(reach.listen(target, place, listenOptions(where)))
    },
  }))
}

/** Each interface of this host on whose link a VIP is; without one that of the node that this host is. */
function onThisHost({ where, here, asks }: HearOptions): readonly Place[] {
  if (here === null) return []
  const links = new Map<string, Address[]>()
  for (const vip of where.vips) {
    const link = linkOf(vip)
    if (link !== null) links.set(link, [...(links.get(link) ?? []), vip])
  }
  if (links.size === 0 && here.link !== null) links.set(here.link, [])
  return [...links].map(([interfaceName, vips]) => ({
    folder: here.node ?? 'client',
    interfaceName,
    asksFor: asks ? vips : [],
    source: () => liveSource(interfaceName, listenOptions(where), { asked: undefined, say: () => undefined }),
  }))
}

async function listen(place: Place, { seconds, signal, where, progress }: HearOptions): Promise<Heard> {
  const stop = new AbortController()
  const end = (): void => {
    stop.abort()
  }
  const timers: NodeJS.Timeout[] = []
  const begun = (): void => {
    timers.push(setTimeout(end, seconds * 1000))
    void ask(place, stop.signal, progress)
  }
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  const taken = inMemory(end)
  try {
    const source = await place.source()
    const { on, dropped } = await source.read(wantedOf(where), taken.take, stop.signal, begun)
    const name = place.interfaceName ?? on ?? 'any'
    if (signal.aborted) return { name, bytes: null, why: 'interrupted' }
    if (on === undefined) return { name, bytes: null, why: 'tcpdump ended before it listened' }
    const lost = typeof dropped === 'number' && dropped > 0
    return { name, bytes: taken.bytes(), why: lost ? `the kernel dropped ${counted(dropped, 'frame')}` : null }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const how = error.suggestion === null ? '' : ` (${error.suggestion.replace(/\.$/, '')})`
    return { name: place.interfaceName ?? 'any', bytes: null, why: `${error.message.replace(/\.$/, '')}${how}` }
  } finally {
    timers.forEach(clearTimeout)
    signal.removeEventListener('abort', end)
    end()
  }
}

/** Asks for the gateway, so that silence means something, and for the VIPs, while this host listens. */
async function ask({ interfaceName, asksFor }: Place, signal: AbortSignal, progress: Progress): Promise<void> {
  const [vip] = asksFor
  if (interfaceName === null || vip === undefined) return
  const gateway = gatewayOn(interfaceName, vip.family)
  const asked = [...(gateway === null ? [] : [gateway]), ...asksFor].map((one) =>
    askNeighbour(interfaceName, one, signal),
  )
  await Promise.all(asked).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error
    progress(`captures: nobody was asked: ${error.message}`, true)
  })
}

/** Frames as the bytes of a pcapng file; `full` is called once there are too many. */
function inMemory(full: () => void): { readonly take: (frame: Frame) => void; readonly bytes: () => Uint8Array } {
  const parts: Uint8Array[] = []
  const put = frameBlocks((block) => parts.push(block))
  const empty = parts.length
  let size = 0
  return {
    take: (frame) => {
      if (size > mostBytes) return
      put(frame)
      size += frame.bytes.length
      if (size > mostBytes) full()
    },
    // tcpdump and Wireshark want an interface, also in a file without frames.
    bytes: () => Buffer.concat(parts.length === empty ? [...parts, interfaceBlock(linkTypes.ethernet)] : parts),
  }
}
