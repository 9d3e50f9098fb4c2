import { counted, inWords } from '../net/words.ts'
import { failoverSeconds, spanSeconds, type Claimant, type Observation } from './observe.ts'

/** What is known of the place and the senders; `null` where it is not known. */
export interface Surroundings {
  readonly fabric: 'ec2' | 'lan' | null
  /** Where the frames were captured: on a node of the cluster, or on another host. */
  readonly seenFrom: { readonly node: string } | 'client'
  /** How long was listened, in seconds, where that is known better than by the frames. */
  readonly listenedSeconds: number | null
  /** Whose a MAC is. */
  readonly stationOf: (mac: string) => Station | null
  /** Which MAC owns the VIP in the EC2 account: null for nobody, undefined where that is not known. */
  readonly ownerMac: string | null | undefined
}

/** A node's interface behind a MAC. */
export interface Station {
  readonly node: string
  readonly interface: string | null
}

/** What a capture comes to for one VIP. Stable: it stands in the JSON and decides exit code and findings. */
export type Outcome =
  | 'announced'
  | 'taken-over'
  | 'answered-by-vpc'
  | 'several-announcers'
  | 'announced-without-owner'
  | 'stale-answer'
  | 'unanswered'
  | 'silence'
  | 'silence-unproven'
  | 'says-nothing'

/** `fault`: something is wrong with the VIP; `fine`: it is held as it should be; `open`: these frames cannot say. */
export interface Conclusion {
  readonly outcome: Outcome
  readonly verdict: 'fine' | 'fault' | 'open'
  /** The fabric that this reading is for; null where it is the same on both. */
  readonly fabric: 'ec2' | 'lan' | null
  readonly says: string
}

/**
 * What the frames mean. Where the fabric is not known both readings are given, one where they agree. On a LAN whoever claims the address
 * gets its packets; in a VPC a claim moves nothing, and an answer comes from the VPC itself.
 */
export function conclude(observation: Observation, surroundings: Surroundings): readonly Conclusion[] {
  const { fabric } = surroundings
  const lan = guarded(observation, onLan(observation, surroundings))
  const ec2 = guarded(observation, onEc2(observation, surroundings))
  if (fabric !== null) return [fabric === 'lan' ? lan : ec2]
  if (lan.says === ec2.says) return [lan]
  return [
    { ...lan, fabric: 'lan' },
    { ...ec2, fabric: 'ec2' },
  ]
}

/** What was seen, and not concluded from what was not. */
const seen: ReadonlySet<Outcome> = new Set([
  'several-announcers',
  'announced-without-owner',
  'stale-answer',
  'says-nothing',
])

/** Messages that cannot be read may have said anything: what rests on their absence is open. */
function guarded({ cut }: Observation, one: Conclusion): Conclusion {
  if (cut === 0 || seen.has(one.outcome)) return one
  return {
    ...one,
    verdict: 'open',
    says: `${one.says} But of ${counted(cut, 'message')} the capture has too little to know what ${cut === 1 ? 'it says' : 'they say'}, so nothing follows from what is not seen.`,
  }
}

/** Of two readings that differ nothing is certain. */
export function verdictOf(conclusions: readonly Conclusion[]): Conclusion['verdict'] {
  const [first, ...rest] = conclusions
  return first !== undefined && rest.every(({ verdict }) => verdict === first.verdict) ? first.verdict : 'open'
}

const conclusion = (outcome: Outcome, verdict: Conclusion['verdict'], says: string): Conclusion => ({
  outcome,
  verdict,
  fabric: null,
  says,
})

function onLan(observation: Observation, surroundings: Surroundings): Conclusion {
  const { claimants, takeovers, vip } = observation
  const [only, ...others] = claimants
  if (only === undefined) return nobodyClaims(observation, surroundings)
  const name = (mac: string) => nameOf(mac, surroundings)
  if (others.length === 0)
    return conclusion('announced', 'fine', `${vip.text} is held by ${name(only.mac)}${habitOf(only)}.`)
  const stations = claimants.map(({ mac }) => surroundings.stationOf(mac))
  const [station] = stations
  if (station != null && stations.every((one) => one?.node === station.node))
    return conclusion(
      'announced',
      'fine',
      `${vip.text} is held by ${station.node}, which answers on ${String(claimants.length)} of its interfaces (${inWords(claimants.map(({ mac }) => mac))}).`,
    )
  const last = takeovers.at(-1)
  if (last !== undefined) {
    const now = claimants.at(-1)
    return conclusion(
      'taken-over',
      'fine',
      `${vip.text} went from ${name(last.from)} to ${name(last.to)}${now === undefined ? '' : habitOf(now)}: ${failoverSeconds(last).toFixed(1)} s from the last sign of the old holder to the first of the new one.`,
    )
  }
  return conclusion('several-announcers', 'fault', severalText(observation, surroundings))
}

function severalText({ claimants, vip }: Observation, surroundings: Surroundings): string {
  const names = claimants.map((one) => `${nameOf(one.mac, surroundings)}${habitOf(one)}`)
  const strangers = claimants.filter(({ mac }) => surroundings.stationOf(mac) === null)
  const known = claimants.length - strangers.length
  const rhythms = new Set(claimants.flatMap(({ rhythm }) => rhythm ?? []))
  const why =
    rhythms.size > 1
      ? ' MetalLB and kube-vip both serve it: let one of them go.'
      : known > 0 && strangers.length > 0
        ? ` ${inWords(strangers.map(({ mac }) => mac))} is no node of this cluster: another host uses the address.`
        : known === claimants.length
          ? ' Two nodes answer: two announcers, or kube-proxy in IPVS mode without strictARP, where every node answers for every Service address.'
          : ' Another host uses the address, or kube-proxy runs in IPVS mode without strictARP, where every node answers for every Service address.'
  return `${vip.text} is claimed by several at the same time: ${inWords(names)}. Which one a client finds is chance.${why}`
}

function onEc2(observation: Observation, surroundings: Surroundings): Conclusion {
  const { claimants, vip } = observation
  const { seenFrom, ownerMac } = surroundings
  const answering = claimants.filter(({ answers }) => answers > 0)
  const [answer, second] = answering
  const [unasked] = claimants.filter((one) => one.unasked > 0)
  if (seenFrom === 'client' && answer !== undefined && second === undefined && unasked === undefined)
    return answeredByVpc(observation, answer, surroundings)
  if (claimants.length === 0) return nobodyClaims(observation, surroundings)
  if (seenFrom === 'client')
    return conclusion(
      'says-nothing',
      'open',
      `Claims of ${vip.text} by ${inWords(claimants.map(({ mac }) => nameOf(mac, surroundings)))} were received from the network. A VPC carries no broadcast, so these frames were not captured on another host of a VPC: say by --seen-from where they were, or by --fabric what carried them.`,
    )
  const held = inWords(claimants.map(({ mac }) => nameOf(mac, surroundings)))
  const moves = `The frames leave ${seenFrom.node}, and in a VPC they reach nobody: a gratuitous ARP moves nothing there`
  if (ownerMac === undefined)
    return conclusion(
      'says-nothing',
      'open',
      `${vip.text} is announced by ${held}. ${moves}. Whether the VPC delivers ${vip.text} is decided by which interface holds it in the account: vipdoctor check ${vip.text}.`,
    )
  if (ownerMac === null)
    return conclusion(
      'announced-without-owner',
      'fault',
      `${vip.text} is announced by ${held}, and no network interface of the account holds it. ${moves}, so the VPC delivers ${vip.text} to nobody.`,
    )
  return conclusion(
    'announced',
    'fine',
    `${vip.text} is announced by ${held}. ${moves}; the VPC delivers ${vip.text} to ${nameOf(ownerMac, surroundings)}, whose interface holds it.`,
  )
}

function answeredByVpc({ vip }: Observation, { mac }: Claimant, surroundings: Surroundings): Conclusion {
  const { ownerMac } = surroundings
  if (ownerMac === undefined || ownerMac === mac)
    return conclusion(
      'answered-by-vpc',
      'fine',
      `${vip.text} is answered for with ${nameOf(mac, surroundings)}: in a VPC the answer comes from the VPC itself, and carries the MAC of the interface that holds the address.`,
    )
  const holder = ownerMac === null ? 'no network interface holds it' : `${nameOf(ownerMac, surroundings)} holds it`
  return conclusion(
    'stale-answer',
    'fault',
    `${vip.text} was answered for with ${nameOf(mac, surroundings)}, but in the account ${holder}: the address was moved since, or this is another network.`,
  )
}

/** Nobody claimed the address. That means something only where it was asked for, and where the capture is known to work. */
function nobodyClaims(observation: Observation, surroundings: Surroundings): Conclusion {
  const { fabric, listenedSeconds } = surroundings
  const { requests, control, cut, vip } = observation
  const heard = requestsHeardOut(observation, surroundings)
  const proof =
    control === null ? '' : ` The capture works: ${control.address} was asked for and answered (${control.mac}).`
  if (heard > 0 && control !== null && cut === 0) {
    const meaning = fabric === 'ec2' ? ' No interface of the account holds it, as far as this subnet shows.' : ''
    return conclusion(
      'unanswered',
      'fault',
      `${vip.text} was asked for ${timesOf(heard)}, and nobody answered.${proof}${meaning}`,
    )
  }
  const asked = requests === 0 ? 'Nobody asked for it' : `It was asked for ${timesOf(requests)}, and nobody answered`
  if (control === null)
    return conclusion(
      'silence-unproven',
      'open',
      `Silence about ${vip.text}, unproven. ${asked}, and no exchange for another address shows that this capture sees answers at all. Ask for a neighbour that exists while capturing, or let --probe do it.`,
    )
  if (requests > 0 && heard === 0)
    return conclusion(
      'silence-unproven',
      'open',
      `Silence about ${vip.text}, unproven. Others asked for it ${timesOf(requests)}: a question goes to all, an answer only to whoever asked, so none would be seen here. Listen where it is asked for, or let --probe ask from here.`,
    )
  if (cut > 0) return conclusion('silence-unproven', 'open', `Silence about ${vip.text}, unproven. ${asked}.`)
  const listened = listenedSeconds ?? spanSeconds(observation)
  const kubeVip =
    listened >= kubeVipWouldShow ? ' kube-vip, which announces every 3 s, does not hold it here; MetalLB' : ' MetalLB'
  return conclusion(
    'silence',
    'open',
    `Silence about ${vip.text} for ${listened.toFixed(0)} s.${proof} ${asked}:${kubeVip} is silent by design once it has announced, and answers only when asked. Ask for ${vip.text}, or let --probe do it.`,
  )
}

/** Requests for the VIP whose answer this capture would show: those of the host that captured, whose answers for other addresses it shows. */
function requestsHeardOut({ askers, exchanges }: Observation, { seenFrom, stationOf }: Surroundings): number {
  const own = (mac: string): boolean => {
    // Without flooding every exchange that a host sees is one of its own.
    const partners = new Set(exchanges.map(({ from, to }) => (from === mac ? to : to === mac ? from : null)))
    const inEach = exchanges.some(({ to }) => to === mac) && !partners.has(null)
    if (seenFrom === 'client') return inEach
    const station = stationOf(mac)
    if (station !== null) return station.node === seenFrom.node
    // A node is asked for its own address, too: of one exchange it is not known which end it is.
    const others = [...partners].some((other) => other !== null && stationOf(other)?.node === seenFrom.node)
    return inEach && partners.size > 1 && !others
  }
  return [...askers].reduce((sum, [mac, times]) => sum + (own(mac) ? times : 0), 0)
}

const timesOf = (count: number): string => (count === 1 ? 'once' : `${String(count)} times`)

/** kube-vip sends one frame every 3 s: two of them must show in 7. */
const kubeVipWouldShow = 7

/** `controller-0 (eth0, 0a:58:…)`, or the MAC alone. */
export function nameOf(mac: string, { stationOf }: Surroundings): string {
  const station = stationOf(mac)
  if (station === null) return mac
  return `${station.node} (${station.interface === null ? '' : `${station.interface}, `}${mac})`
}

function habitOf({ rhythm, answers, unasked }: Claimant): string {
  if (rhythm === 'metallb') return ', which announces as MetalLB does'
  if (rhythm === 'kube-vip') return ', which announces every 3 s as kube-vip does'
  return answers > 0 && unasked === 0 ? ', which answers when asked' : ''
}
