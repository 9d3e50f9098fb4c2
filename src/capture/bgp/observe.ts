import { addressAndPort } from '../../net/port.ts'
import { sameAddress, type Address } from '../../net/address.ts'
import type { Segment } from '../tcp.ts'
import { headerLength, seekMessage, takeMessages, type BgpMessage } from './messages.ts'
import { stream, type Piece, type Stream } from './stream.ts'

const bgpPort = 179

/** Whether a segment goes to a BGP speaker or comes from one. */
export const isBgp = ({ sourcePort, destinationPort }: Segment): boolean =>
  sourcePort === bgpPort || destinationPort === bgpPort

/** What one side of a session said of itself. */
type Open = Extract<BgpMessage, { type: 'open' }>

/** One TCP connection to port 179, as far as the capture shows it. */
export interface Session {
  /** Who opened it, and who listens on port 179. */
  readonly from: Address
  readonly to: Address
  readonly startNs: bigint
  readonly state: 'tried' | 'refused' | 'connected' | 'open' | 'established' | 'closed'
  /** How often its SYN was sent: again only where nothing came back. */
  readonly tries: number
  /** Whether the capture has its beginning: then all that was announced is known. */
  readonly fromStart: boolean
  readonly opens: { readonly from: Open | null; readonly to: Open | null }
  readonly notification: { readonly by: Address; readonly code: number; readonly subcode: number } | null
  /** What `from` announced and did not withdraw, and what `to` did. */
  readonly prefixes: { readonly from: readonly string[]; readonly to: readonly string[] }
  /** How many bytes of each side the capture does not have; what they said may change everything but `certain`. */
  readonly missing: { readonly from: number; readonly to: number }
  /** Of the prefixes, those that were announced behind all that is missing. */
  readonly certain: { readonly from: readonly string[]; readonly to: readonly string[] }
  /** Whether each side was heard after it had said what it announces at a session's start: what it did not announce by then, it does not. */
  readonly settled: { readonly from: boolean; readonly to: boolean }
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
  /** Whether it is not known where the next message begins: behind a hole, and where the capture began in the middle. */
  adrift: boolean
  missing: number
  open: Open | null
  /** It sent a KEEPALIVE or an UPDATE; and the latter, which nobody sends who did not get the other's KEEPALIVE (RFC 4271 §8.2.2). */
  lives: boolean
  updates: boolean
  readonly prefixes: Set<string>
  readonly certain: Set<string>
  /** When it first sent a KEEPALIVE or an UPDATE. */
  aliveSinceNs: bigint | null
  settled: boolean
}

interface Building {
  readonly from: Address
  readonly to: Address
  readonly startNs: bigint
  readonly fromStart: boolean
  readonly sides: { readonly from: Side; readonly to: Side }
  state: 'tried' | 'refused' | 'connected' | 'closed'
  tries: number
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
    if (!isBgp(segment)) return []
    const toListener = destinationPort === bgpPort
    if (!sameAddress(source, peer) && !sameAddress(destination, peer)) return []
    const [client, clientPort, server] = toListener
      ? [source, sourcePort, destination]
      : [destination, destinationPort, source]
    const key = `${addressAndPort(client.text, clientPort)} ${server.text}`
    const begins = toListener && segment.syn && !segment.ack
    let session = open.get(key)
    // The same SYN again is a repetition, not a second try.
    const ended = session?.state === 'refused' || session?.state === 'closed'
    if (session === undefined || (begins && session.state !== 'tried') || (segment.syn && ended)) {
      session = building(segment, client, server, begins)
      open.set(key, session)
      all.push(session)
    }
    return follow(session, segment, toListener)
  }
  return { see, sessions: () => all.map(sessionOf) }
}

/** A connection whose SYN the capture lost is known from its start still, if the answer is there. */
function building({ timeNs, syn }: Segment, from: Address, to: Address, tried: boolean): Building {
  return {
    from,
    to,
    startNs: timeNs,
    fromStart: syn,
    sides: { from: side(!syn), to: side(!syn) },
    state: tried ? 'tried' : 'connected',
    tries: 0,
    notification: null,
    problem: null,
  }
}

const side = (adrift: boolean): Side => ({
  ...{ stream: stream(), left: new Uint8Array(), adrift, missing: 0, open: null, lives: false, updates: false },
  ...{ prefixes: new Set(), certain: new Set(), aliveSinceNs: null, settled: false },
})

function follow(session: Building, segment: Segment, toListener: boolean): BgpEvent[] {
  const { sides, from, to } = session
  const [own, other] = toListener ? [sides.from, sides.to] : [sides.to, sides.from]
  const [source, destination] = toListener ? [from, to] : [to, from]
  const { timeNs, syn, ack, fin, rst } = segment
  const events: BgpEvent[] = []
  const say = (what: BgpEvent['what'], by = source, towards = destination) =>
    events.push({ timeNs, from: by, to: towards, what })
  if (syn) {
    own.stream.begin((segment.sequence + 1) >>> 0)
    if (ack) other.stream.begin(segment.acknowledged)
    else if ((session.tries += 1) === 1) say({ type: 'syn' })
  }
  // Whatever follows the SYN shows that it was answered, also where the capture lost the answer; a reset is one that refuses.
  if (session.state === 'tried' && !(syn && toListener) && !(rst && !toListener)) session.state = 'connected'
  if (!rst) {
    if (ack)
      for (const what of messagesOf(
        session,
        other,
        { by: destination, timeNs },
        other.stream.acknowledge(segment.acknowledged),
      ))
        say(what, destination, source)
    for (const what of messagesOf(session, own, { by: source, timeNs }, own.stream.push(segment))) say(what)
  }
  if ((rst || fin) && session.state !== 'refused' && session.state !== 'closed') {
    session.state = session.state === 'tried' ? 'refused' : 'closed'
    say({ type: session.state })
  }
  return events
}

/** Who sent a message, and when it was there whole. */
interface Sent {
  readonly by: Address
  readonly timeNs: bigint
}

/** The messages in what came of one side. */
function messagesOf(session: Building, own: Side, sent: Sent, pieces: readonly Piece[]): readonly BgpMessage[] {
  return pieces.flatMap(({ lost, bytes }) => {
    if (session.problem !== null) return []
    const behind = lost === 0 ? bytes : behindHole(own, lost, bytes)
    const whole = own.left.length === 0 ? behind : Buffer.concat([own.left, behind])
    const start = own.adrift ? seekMessage(whole) : 0
    if (start === -1) {
      own.left = whole.slice(-headerLength)
      return []
    }
    own.adrift = false
    const { messages, used, problem } = takeMessages(whole.subarray(start))
    own.left = whole.slice(start + used)
    session.problem = problem
    for (const message of messages) take(session, own, sent, message)
    return messages
  })
}

/** Shorter than a NOTIFICATION, the shortest message but KEEPALIVE. */
const shortestNews = headerLength + 2

/** Between two messages so little can be a KEEPALIVE alone (or the end of a connection); in any other hole anything may have been said. */
const isNoNews = ({ adrift, left }: Side, lost: number): boolean => !adrift && left.length === 0 && lost < shortestNews

function behindHole(own: Side, lost: number, bytes: Uint8Array): Uint8Array {
  if (isNoNews(own, lost) && seekMessage(bytes) === 0) {
    own.lives = true
    return bytes
  }
  own.missing += lost
  own.certain.clear()
  own.adrift = true
  own.left = new Uint8Array()
  return bytes
}

/** A speaker announces what it has as soon as its session stands: it has, where a KEEPALIVE comes so long after its first word. Rule of thumb. */
const tableSaidNs = 5_000_000_000n

function take(session: Building, own: Side, { by, timeNs }: Sent, message: BgpMessage): void {
  switch (message.type) {
    case 'open':
      own.open = message
      return
    case 'update':
      own.aliveSinceNs ??= timeNs
      own.lives = true
      own.updates = true
      for (const known of [own.prefixes, own.certain]) {
        for (const prefix of message.withdrawn) known.delete(prefix)
        for (const prefix of message.announced) known.add(prefix)
      }
      return
    case 'keepalive':
      own.aliveSinceNs ??= timeNs
      own.lives = true
      own.settled ||= timeNs - own.aliveSinceNs >= tableSaidNs
      return
    case 'notification':
      session.notification ??= { by, code: message.code, subcode: message.subcode }
      return
    case 'other':
      return
  }
}

function sessionOf({ sides, state, ...rest }: Building): Session {
  const { from, to } = sides
  const alive = ((from.lives && to.lives) || from.updates || to.updates) && rest.notification === null
  const greeted = from.open !== null || to.open !== null
  const missing = { from: missingOf(from), to: missingOf(to) }
  const certain = (one: Side, lost: number) => (lost > one.missing ? [] : [...one.certain].sort())
  return {
    ...rest,
    state: state !== 'connected' ? state : alive ? 'established' : greeted ? 'open' : 'connected',
    opens: { from: from.open, to: to.open },
    prefixes: { from: [...from.prefixes].sort(), to: [...to.prefixes].sort() },
    missing,
    certain: { from: certain(from, missing.from), to: certain(to, missing.to) },
    settled: { from: from.settled, to: to.settled },
  }
}

function missingOf(one: Side): number {
  const last = one.stream.lostAtEnd()
  return one.missing + (isNoNews(one, last) ? 0 : last)
}
