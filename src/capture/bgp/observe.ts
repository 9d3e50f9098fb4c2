import { addressAndPort } from '../../net/port.ts'
import { sameAddress, type Address } from '../../net/address.ts'
import type { Segment } from '../tcp.ts'
import { takeMessages, type BgpMessage } from './messages.ts'
import { stream, type Stream } from './stream.ts'

const bgpPort = 179

/** What one side of a session said of itself. */
export type Open = Extract<BgpMessage, { type: 'open' }>

/** One TCP connection to port 179, as far as the capture shows it. */
export interface Session {
  /** Who opened it, and who listens on port 179. */
  readonly from: Address
  readonly to: Address
  readonly startNs: bigint
  readonly state: 'tried' | 'refused' | 'connected' | 'open' | 'established' | 'closed'
  /** Whether the capture has its beginning: then all that was announced is known. */
  readonly fromStart: boolean
  readonly opens: { readonly from: Open | null; readonly to: Open | null }
  readonly notification: { readonly by: Address; readonly code: number; readonly subcode: number } | null
  /** What `from` announced and did not withdraw, and what `to` did. */
  readonly prefixes: { readonly from: readonly string[]; readonly to: readonly string[] }
  readonly problem: string | null
}

/** A message as it passes, for the lines of a report. */
export interface BgpEvent {
  readonly timeNs: bigint
  readonly from: Address
  readonly to: Address
  readonly what: BgpMessage | { readonly type: 'syn' | 'refused' | 'closed' }
}

interface Side {
  readonly stream: Stream
  left: Uint8Array
  open: Open | null
  lives: boolean
  readonly prefixes: Set<string>
}

interface Building {
  readonly from: Address
  readonly to: Address
  readonly startNs: bigint
  readonly fromStart: boolean
  readonly sides: { readonly from: Side; readonly to: Side }
  state: 'tried' | 'refused' | 'connected' | 'closed'
  notification: Session['notification']
  problem: string | null
}

/** Follows every session with a peer, message by message. */
export function bgpObserver(peer: Address): {
  readonly see: (segment: Segment) => readonly BgpEvent[]
  readonly sessions: () => readonly Session[]
} {
  const open = new Map<string, Building>()
  const all: Building[] = []

  function see(segment: Segment): readonly BgpEvent[] {
    const { source, destination, sourcePort, destinationPort } = segment
    const toListener = destinationPort === bgpPort
    if (!toListener && sourcePort !== bgpPort) return []
    if (!sameAddress(source, peer) && !sameAddress(destination, peer)) return []
    const [client, clientPort, server] = toListener
      ? [source, sourcePort, destination]
      : [destination, destinationPort, source]
    const key = `${addressAndPort(client.text, clientPort)} ${server.text}`
    const begins = toListener && segment.syn && !segment.ack
    let session = open.get(key)
    // The same SYN again is a repetition, not a second try.
    if (session === undefined || (begins && session.state !== 'tried')) {
      session = building(segment, client, server, begins)
      open.set(key, session)
      all.push(session)
      if (begins) {
        session.sides.from.stream.push(segment)
        return [{ timeNs: segment.timeNs, from: client, to: server, what: { type: 'syn' } }]
      }
    }
    return follow(session, segment, toListener)
  }
  return { see, sessions: () => all.map(sessionOf) }
}

function building({ timeNs }: Segment, from: Address, to: Address, fromStart: boolean): Building {
  return {
    from,
    to,
    startNs: timeNs,
    fromStart,
    sides: { from: side(), to: side() },
    state: fromStart ? 'tried' : 'connected',
    notification: null,
    problem: null,
  }
}

const side = (): Side => ({ stream: stream(), left: new Uint8Array(), open: null, lives: false, prefixes: new Set() })

function follow(session: Building, segment: Segment, toListener: boolean): BgpEvent[] {
  const [from, to] = toListener ? [session.from, session.to] : [session.to, session.from]
  const at = { timeNs: segment.timeNs, from, to }
  if (segment.rst || segment.fin) {
    const refused = session.state === 'tried'
    const ended = session.state === 'refused' || session.state === 'closed'
    session.state = refused ? 'refused' : ended ? session.state : 'closed'
    return ended ? [] : [{ ...at, what: { type: refused ? 'refused' : 'closed' } }]
  }
  if (session.state === 'tried' && !toListener && segment.syn) session.state = 'connected'
  const own = toListener ? session.sides.from : session.sides.to
  const bytes = own.stream.push(segment)
  if (own.stream.broken()) session.problem ??= 'frames are missing in the capture'
  if (bytes.length === 0 || session.problem !== null) return []
  const whole = own.left.length === 0 ? bytes : Buffer.concat([own.left, bytes])
  const { messages, used, problem } = takeMessages(whole)
  own.left = whole.slice(used)
  session.problem = problem
  for (const message of messages) take(session, own, from, message)
  return messages.map((what) => ({ ...at, what }))
}

function take(session: Building, own: Side, from: Address, message: BgpMessage): void {
  switch (message.type) {
    case 'open':
      own.open = message
      return
    case 'update':
      own.lives = true
      for (const prefix of message.withdrawn) own.prefixes.delete(prefix)
      for (const prefix of message.announced) own.prefixes.add(prefix)
      return
    case 'keepalive':
      own.lives = true
      return
    case 'notification':
      session.notification ??= { by: from, code: message.code, subcode: message.subcode }
      return
    case 'other':
      return
  }
}

function sessionOf({ sides, state, ...rest }: Building): Session {
  const { from, to } = sides
  const alive = from.lives && to.lives && rest.notification === null
  const greeted = from.open !== null || to.open !== null
  return {
    ...rest,
    state: state !== 'connected' ? state : alive ? 'established' : greeted ? 'open' : 'connected',
    opens: { from: from.open, to: to.open },
    prefixes: { from: [...from.prefixes].sort(), to: [...to.prefixes].sort() },
  }
}
