import { sameAddress, type Address } from '../net/address.ts'
import { isClaim, isOdd, isUnasked, type NeighbourMessage, type Odd } from './neighbour-message.ts'

/** One message about the VIP, `seconds` after the first of the capture. */
export interface TimelineEvent {
  readonly seconds: number
  /** `announced`: a claim that nobody asked for (gratuitous ARP, unsolicited advertisement); `answered`; `asked`. */
  readonly what: 'announced' | 'answered' | 'asked'
  readonly mac: string
  readonly kind: NeighbourMessage['kind']
}

/** What a capture shows about one VIP over time. `claimants` in the order of their first claim. */
export interface Timeline {
  readonly seconds: number
  readonly events: readonly TimelineEvent[]
  readonly claimants: readonly string[]
  /** Spans in which one sender claimed the VIP between two claims of another. */
  readonly conflicts: readonly { readonly from: number; readonly to: number }[]
  /** Messages beyond those that are kept. */
  readonly left: number
}

/** A picture of more marks shows nothing more. */
const mostEvents = 2_000

/** What was said of one VIP, in order, in seconds from the first message of the capture; of a long one the first events. */
export function timelineOf(messages: readonly (NeighbourMessage | Odd)[], vip: Address): Timeline {
  const told = messages.flatMap((message) => (isOdd(message) ? [] : [message]))
  const startNs = told[0]?.timeNs ?? 0n
  const about = told.filter((message) => sameAddress(message.about, vip))
  const secondsOf = ({ timeNs }: NeighbourMessage) => Number(timeNs - startNs) / 1e9
  const claims = about.filter(isClaim)
  const last = told.at(-1)
  return {
    seconds: last === undefined ? 0 : secondsOf(last),
    events: about.slice(0, mostEvents).map((message) => ({
      seconds: secondsOf(message),
      what: isUnasked(message) ? 'announced' : isClaim(message) ? 'answered' : 'asked',
      mac: message.mac,
      kind: message.kind,
    })),
    claimants: [...new Set(claims.map(({ mac }) => mac))],
    conflicts: conflictsIn(claims.map((message) => ({ mac: message.mac, seconds: secondsOf(message) }))),
    left: Math.max(0, about.length - mostEvents),
  }
}

interface Claim {
  readonly mac: string
  readonly seconds: number
}

/** Where a sender claims again after another did: from the other's claim to the return. A takeover has no return. */
function conflictsIn(claims: readonly Claim[]): Timeline['conflicts'] {
  const latest = new Map<string, number>()
  const spans: { from: number; to: number }[] = []
  for (const [index, { mac, seconds }] of claims.entries()) {
    const before = latest.get(mac)
    const previous = claims[index - 1]
    if (before !== undefined && previous !== undefined && previous.mac !== mac) {
      const span = spans.at(-1)
      if (span !== undefined && before <= span.to) span.to = seconds
      else spans.push({ from: before, to: seconds })
    }
    latest.set(mac, seconds)
  }
  return spans
}
