import { rangeHas } from '../../net/range.ts'
import { inSet } from '../../evidence/node/ipset.ts'
import type { Match, Rule } from '../../evidence/node/iptables-rule.ts'
import { goesElsewhere, hasConnection, isDestinationNat, type Packet } from './types.ts'
import type { World } from './world.ts'

/** Whether a rule applies: a probability (0 no, 1 yes), or null where a condition is not known and no other says no. */
export function ruleApplies({ matches }: Rule, packet: Packet, world: World): number | null {
  let probability = 1
  let unknown = false
  for (const match of matches) {
    const holds = matchHolds(match, packet, world)
    if (holds === 0) return 0
    if (holds === null) unknown = true
    else probability *= holds
  }
  return unknown ? null : probability
}

function matchHolds(match: Match, packet: Packet, world: World): number | null {
  switch (match.kind) {
    case 'unknown':
      return null
    case 'random':
      return match.not ? 1 - match.probability : match.probability
    case 'first':
      return Number(match.holds !== match.not)
    case 'policy':
      return match.ipsec ? 0 : 1
    default: {
      if (ofConnection.has(match.kind) && !hasConnection(packet)) return 0
      const holds = plainMatch(match, packet, world)
      return holds === null ? null : Number(holds !== match.not)
    }
  }
}

/** What is asked of the connection (Linux net/netfilter/xt_conntrack.c, xt_connmark.c: without one the answer is no). */
const ofConnection = new Set<Match['kind']>([
  'connmark',
  'direction',
  'original-destination',
  'original-port',
  'original-source',
  'original-source-port',
  'original-protocol',
])

type PlainMatch = Exclude<Match, { readonly kind: 'unknown' | 'random' | 'first' | 'policy' }>

function plainMatch(match: PlainMatch, packet: Packet, world: World): boolean | null {
  switch (match.kind) {
    case 'source':
      return rangeHas(match.range, packet.source)
    case 'destination':
      return rangeHas(match.range, packet.destination)
    case 'original-source':
      return rangeHas(match.range, packet.original.source)
    case 'original-destination':
      return rangeHas(match.range, packet.original.destination)
    case 'reverse-path':
      return world.reversePath(packet, match)
    case 'in':
      return deviceIs(match.device, packet.inDevice)
    case 'out':
      return deviceIs(match.device, packet.outDevice)
    case 'protocol':
    case 'original-protocol':
      return (
        match.protocol === 'all' ||
        match.protocol === packet.protocol ||
        match.protocol === protocolNumbers[packet.protocol]
      )
    case 'source-port':
      return portIn(match.ports, packet.sourcePort)
    case 'destination-port':
      return portIn(match.ports, packet.destinationPort)
    case 'either-port':
      return portIn(match.ports, packet.sourcePort) || portIn(match.ports, packet.destinationPort)
    case 'original-port':
      return portIn(match.ports, packet.original.port)
    case 'original-source-port':
      return portIn(match.ports, packet.answers ? packet.destinationPort : packet.sourcePort)
    case 'tcp-flags':
      return packet.protocol === 'tcp' && flagsHold(match, packet)
    case 'mark':
      return (packet.mark & match.mask) >>> 0 === match.value
    case 'connmark':
      return (packet.connmark & match.mask) >>> 0 === match.value
    case 'state':
      return match.states.some((state) => inState(state, packet))
    case 'direction':
      return match.direction === (packet.answers ? 'REPLY' : 'ORIGINAL')
    case 'addrtype': {
      const device = match.limitDevice === null ? null : match.limitDevice === 'in' ? packet.inDevice : packet.outDevice
      const type = world.addressType(match.of === 'source' ? packet.source : packet.destination, device)
      return type === null ? null : match.types.includes(type)
    }
    case 'set':
      return setHolds(match, packet, world)
    case 'socket':
      return world.socketFor(packet, match)
    case 'packet-type':
      return match.type === 'unicast'
    case 'port-in':
      return portIs(match.port, world.bridgePorts(packet.inDevice ?? ''))
    case 'port-out':
      return portIs(match.port, isBridged(packet) ? world.bridgePorts(packet.inDevice ?? '') : null)
    case 'bridged':
      return isBridged(packet) && world.bridgePorts(packet.inDevice ?? '') !== null
  }
}

/** The packet is a SYN, an answer SYN and ACK: of the flags that are looked at, exactly those that are asked for must be set. */
function flagsHold({ mask, set }: Extract<Match, { readonly kind: 'tcp-flags' }>, { answers }: Packet): boolean {
  const carried = answers ? ['SYN', 'ACK'] : ['SYN']
  return mask.every(
    (flag) =>
      (carried.includes(flag) || (flag === 'ALL' && carried.every((one) => set.includes(one)))) ===
      (set.includes(flag) || flag === 'ALL'),
  )
}

const protocolNumbers = { tcp: '6', udp: '17', sctp: '132', ipencap: '4', 'ipv6-icmp': '58', arp: null } as const

/** `eth+` stands for every device whose name begins so. A packet without a device meets only the empty pattern and `+`. */
function deviceIs(pattern: string, device: string | null): boolean {
  if (pattern.endsWith('+')) return (device ?? '').startsWith(pattern.slice(0, -1))
  return pattern === device
}

const portIn = (ranges: readonly (readonly [number, number])[], port: number): boolean =>
  ranges.some(([first, last]) => first <= port && port <= last)

/** What is translated to a neighbour on the bridge that it came in by is not routed: the bridge sends it on (br_nf_pre_routing_finish). */
const isBridged = (packet: Packet): boolean =>
  packet.inDevice !== null && packet.inDevice === packet.outDevice && goesElsewhere(packet)

/** Which of a bridge's ports it is nobody knows, unless all of them answer alike. Without a bridge it is none. */
function portIs(pattern: string | null, ports: readonly string[] | null): boolean | null {
  if (ports === null) return false
  if (pattern === null) return true
  const answers = ports.map((port) => deviceIs(pattern, port))
  return answers.every((answer) => answer) ? true : answers.some((answer) => answer) ? null : false
}

/** The trace follows a connection's first packet, or its answer: NEW or ESTABLISHED, and DNAT or SNAT once it was translated; of no connection before conntrack saw it. */
function inState(state: string, packet: Packet): boolean {
  const { tracked, entered, sourceNat, answers } = packet
  if (!tracked) return state === 'UNTRACKED'
  if (!entered) return state === 'INVALID'
  return (
    state === (answers ? 'ESTABLISHED' : 'NEW') ||
    (state === 'DNAT' && isDestinationNat(packet)) ||
    (state === 'SNAT' && sourceNat !== null)
  )
}

function setHolds(
  { name, dimensions }: Extract<Match, { readonly kind: 'set' }>,
  packet: Packet,
  { sets }: World,
): boolean | null {
  if (sets === null) return null
  const { protocol } = packet
  return inSet(
    sets,
    name,
    dimensions.map((side) =>
      side === 'src'
        ? { address: packet.source, port: packet.sourcePort, protocol, device: packet.inDevice }
        : { address: packet.destination, port: packet.destinationPort, protocol, device: packet.outDevice },
    ),
  )
}
