import { sameAddress, type Address } from '../net/address.ts'
import { isClaim, isOdd, isUnasked, type NeighbourMessage, type Odd } from './neighbour-message.ts'
import { rhythmOf, type Rhythm } from './rhythm.ts'

/** One sender that claimed the VIP. Times in nanoseconds since 1970. */
export interface Claimant {
  readonly mac: string
  readonly firstNs: bigint
  readonly lastNs: bigint
  /** Claims that nobody asked for, and answers. */
  readonly unasked: number
  readonly answers: number
  readonly rhythm: Rhythm
}

/** One holder followed another: no claim of the old one came after the first of the new one. */
export interface Takeover {
  readonly from: string
  readonly to: string
  readonly lastOfOldNs: bigint
  readonly firstOfNewNs: bigint
}

/** An answer, from the host that has an address to the one that asked, by their MACs. */
interface Exchange {
  readonly from: string
  readonly to: string
}

/** What the frames show about one VIP, before anything is concluded. */
export interface Observation {
  readonly vip: Address
  /** In the order of their first claim. */
  readonly claimants: readonly Claimant[]
  /** Where each claimant but the first came after all claims of those before; empty where claims overlap or one holds it throughout. */
  readonly takeovers: readonly Takeover[]
  readonly requests: number
  /** Requests that no claim followed within a second. */
  readonly unanswered: number
  /** Another address that was asked for and answered: the capture sees both directions. */
  readonly control: { readonly address: string; readonly mac: string } | null
  /** How often each host, by its MAC, asked for the VIP. */
  readonly askers: ReadonlyMap<string, number>
  /** Who asked for other addresses and was answered by whom: answers go to the asker alone, so a host sees its own and no others. */
  readonly exchanges: readonly Exchange[]
  /** ARP and neighbour messages of any kind, and those that were odd. */
  readonly messages: number
  readonly odd: readonly string[]
  /** Messages of which the capture does not have enough: what they said may change everything. */
  readonly cut: number
  readonly firstNs: bigint | null
  readonly lastNs: bigint | null
}

/** How long an answer may take; the kernel itself asks again after a second (Linux, net.ipv4.neigh.*.retrans_time_ms). */
const answerNs = 1_000_000_000n
const oddShown = 8

/** Keeps, message by message, what matters about one VIP: bounded memory, however long the capture is. */
export function observer(vip: Address): {
  readonly see: (message: NeighbourMessage | Odd) => void
  readonly observation: () => Observation
} {
  const claims = new Map<
    string,
    { claims: NeighbourMessage[]; first: bigint; last: bigint; unasked: number; answers: number }
  >()
  const asked = new Map<string, { readonly time: bigint; readonly by: string }>()
  const askers = new Map<string, number>()
  const exchanges = new Map<string, Exchange>()
  const odd: string[] = []
  let control: Observation['control'] = null
  let requests = 0
  let pending: bigint[] = []
  let unanswered = 0
  let messages = 0
  let cut = 0
  let firstNs: bigint | null = null
  let lastNs: bigint | null = null

  function see(message: NeighbourMessage | Odd): void {
    messages += 1
    if (isOdd(message)) {
      if (message.cut) cut += 1
      if (odd.length < oddShown && !odd.includes(message.odd)) odd.push(message.odd)
      return
    }
    const { about, timeNs } = message
    firstNs ??= timeNs
    lastNs = timeNs
    unanswered += pending.filter((time) => timeNs - time > answerNs).length
    pending = pending.filter((time) => timeNs - time <= answerNs)
    if (!sameAddress(about, vip)) seeOther(message)
    else if (isClaim(message)) claim(message)
    else {
      requests += 1
      if (askers.size < askedKept) askers.set(message.mac, (askers.get(message.mac) ?? 0) + 1)
      pending.push(timeNs)
    }
  }

  function claim(message: NeighbourMessage): void {
    const unasked = isUnasked(message)
    const known = claims.get(message.mac) ?? {
      claims: [],
      first: message.timeNs,
      last: message.timeNs,
      unasked: 0,
      answers: 0,
    }
    claims.set(message.mac, known)
    known.last = message.timeNs
    if (unasked) {
      known.unasked += 1
      if (known.claims.length < rhythmNeeds) known.claims.push(message)
    } else {
      known.answers += 1
      pending = []
    }
  }

  /** An exchange about another address: a request, then an answer to it. Only the latest requests are kept. */
  function seeOther(message: NeighbourMessage): void {
    const { text } = message.about
    if (!isClaim(message)) {
      if (asked.size >= askedKept) asked.clear()
      asked.set(text, { time: message.timeNs, by: message.mac })
    } else if (!isUnasked(message)) {
      const question = asked.get(text)
      if (question === undefined || message.timeNs - question.time > answerNs) return
      control ??= { address: text, mac: message.mac }
      const exchange = { from: message.mac, to: question.by }
      if (exchanges.size < exchangesKept) exchanges.set(`${exchange.from} ${exchange.to}`, exchange)
    }
  }

  function observation(): Observation {
    const claimants = [...claims].map(([mac, { claims: unaskedClaims, first, last, unasked, answers }]): Claimant => ({
      mac,
      firstNs: first,
      lastNs: last,
      unasked,
      answers,
      rhythm: rhythmOf(unaskedClaims),
    }))
    return {
      vip,
      claimants,
      takeovers: takeoversOf(claimants),
      requests,
      unanswered: unanswered + pending.length,
      control,
      askers,
      exchanges: [...exchanges.values()],
      messages,
      odd,
      cut,
      firstNs,
      lastNs,
    }
  }
  return { see, observation }
}

/** Frames of a sender that are enough to know its rhythm. */
const rhythmNeeds = 64
/** Requests for other addresses that are remembered at once. */
const askedKept = 4096
/** Pairs of hosts that are enough to know whose answers are seen. */
const exchangesKept = 256

function takeoversOf(claimants: readonly Claimant[]): Takeover[] {
  const overlaps = claimants.some((one, index) =>
    claimants.slice(index + 1).some((other) => other.firstNs <= one.lastNs),
  )
  if (overlaps) return []
  return claimants.slice(1).flatMap((to, index): Takeover[] => {
    const from = claimants[index]
    return from === undefined
      ? []
      : [{ from: from.mac, to: to.mac, lastOfOldNs: from.lastNs, firstOfNewNs: to.firstNs }]
  })
}

/** How long it took from the last sign of the old holder to the first of the new one, in seconds. */
export const failoverSeconds = ({ lastOfOldNs, firstOfNewNs }: Takeover): number =>
  Number(firstOfNewNs - lastOfOldNs) / 1e9

/** From the first message to the last, in seconds. */
export const spanSeconds = ({ firstNs, lastNs }: Observation): number =>
  firstNs === null || lastNs === null ? 0 : Number(lastNs - firstNs) / 1e9
