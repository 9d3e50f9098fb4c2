import { parseAddress, type Address } from '../../net/address.ts'
import { parseCidrOrAddress, parseRange, rangeHas } from '../../net/range.ts'
import { record, type NftTable } from '../../evidence/node/nft.ts'
import { isAddress, mayMeet } from './nft-elements.ts'
import { hasConnection, isDestinationNat, type Packet } from './types.ts'
import type { World } from './world.ts'

/** What an expression yields for a packet: an address, a number or a name; several for a concatenation; null where it is not known. */
export type Value = Address | number | string | readonly Value[] | typeof absent | null

/** What the packet does not have: ports of another protocol, a connection before conntrack. Whatever is asked of it, the rule ends (NFT_BREAK). */
export const absent = Symbol('absent')

/** Evaluates the left side of a match, or the key of a map. Source: libnftables-json(5), "EXPRESSIONS". */
export function valueOf(expression: unknown, packet: Packet, world: World): Value {
  if (typeof expression === 'number' || typeof expression === 'string') return expression
  const { payload, meta, ct, fib, concat } = record(expression)
  if (payload !== undefined) return payloadValue(record(payload), packet)
  if (meta !== undefined) return metaValue(record(meta).key, packet)
  if (ct !== undefined) return ctValue(record(ct), packet)
  if (fib !== undefined) return fibValue(record(fib), packet, world)
  if (Array.isArray(concat)) {
    const parts = concat.map((part) => valueOf(part, packet, world))
    return parts.includes(absent) ? absent : parts
  }
  return arithmetic(record(expression), packet, world)
}

const transport = new Set(['tcp', 'udp', 'sctp', 'th', 'udplite', 'dccp'])

function payloadValue({ protocol, field }: Readonly<Record<string, unknown>>, packet: Packet): Value {
  if (protocol === 'ether' && field === 'type') return etherType(packet)
  if (protocol === 'ether') return null
  if (packet.protocol === 'arp' || protocol === 'arp')
    return packet.protocol === protocol ? arpValue(field, packet) : absent
  if (protocol === 'icmpv6') return packet.protocol === 'ipv6-icmp' ? neighbourMessage(field, packet) : absent
  // A solicitation goes to a group of addresses, from whichever of its own the node takes.
  if (packet.protocol === 'ipv6-icmp' && protocol === 'ip6' && (field === 'saddr' || field === 'daddr')) return null
  const family = packet.destination.family === 4 ? 'ip' : 'ip6'
  if (protocol === family && field === 'saddr') return packet.source
  if (protocol === family && field === 'daddr') return packet.destination
  if (protocol === family && (field === 'protocol' || field === 'nexthdr')) return packet.protocol
  if (typeof protocol === 'string' && transport.has(protocol)) {
    // `tcp dport` also asks for TCP: nft adds that test by itself, and its JSON does not always show it.
    if (protocol !== 'th' && protocol !== packet.protocol) return absent
    // The kernel would read the inner packet's header for a transport's, or an ICMP message.
    if (packet.protocol === 'ipencap' || packet.protocol === 'ipv6-icmp') return null
    if (field === 'dport') return packet.destinationPort
    if (field === 'sport') return packet.sourcePort
    if (field === 'flags') return flagsCarried(packet)
  }
  if (protocol === (family === 'ip' ? 'ip6' : 'ip')) return absent
  return null
}

const etherType = ({ protocol, destination }: Packet): Value =>
  protocol === 'arp' ? 'arp' : destination.family === 4 ? 'ip' : 'ip6'

/** Of a question and its answer alike `destination` is who is asked for. */
function arpValue(field: unknown, { answers, destination }: Packet): Value {
  switch (field) {
    case 'operation':
      return answers ? 'reply' : 'request'
    case 'htype':
      return 1
    case 'ptype':
      return 'ip'
    case 'hlen':
      return 6
    case 'plen':
      return 4
    case answers ? 'saddr ip' : 'daddr ip':
      return destination
    default:
      return null
  }
}

const neighbourMessage = (field: unknown, { answers }: Packet): Value =>
  field === 'type' ? (answers ? 'nd-neighbor-advert' : 'nd-neighbor-solicit') : field === 'code' ? 0 : null

const tcpFlags: Readonly<Record<string, number>> & { readonly syn: number; readonly ack: number } = {
  ...{ fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
}

/** The packet is a SYN, an answer SYN and ACK. */
const flagsCarried = ({ answers }: Packet): number => (answers ? tcpFlags.syn | tcpFlags.ack : tcpFlags.syn)

/** Flags in names, as numbers; null for what is no list of them. */
const flagsOf = (names: unknown): number | null => {
  const bits = (Array.isArray(names) ? (names as unknown[]) : [names]).map((name) => tcpFlags[String(name)])
  return bits.some((bit) => bit === undefined) ? null : bits.reduce<number>((sum, bit) => sum | (bit ?? 0), 0)
}

/**
 * Whether a packet meets a match that asks for TCP flags; null where the match is none. `tcp flags syn` asks for one of the flags,
 * `tcp flags & (syn | ack) == syn` for exactly these of those that are looked at.
 */
export function flagsMeet({ op, left, right }: Readonly<Record<string, unknown>>, packet: Packet): boolean | null {
  const sides = record(left)['&']
  const [looked, mask] = Array.isArray(sides) ? (sides as unknown[]) : [left, null]
  if (record(record(looked).payload).field !== 'flags') return null
  const wanted = flagsOf(right)
  const kept = mask === null ? 255 : flagsOf(mask)
  if (wanted === null || kept === null) return null
  const found = flagsCarried(packet) & kept
  if (op === 'in') return (found & wanted) !== 0
  return op === '==' ? found === wanted : op === '!=' ? found !== wanted : null
}

function metaValue(key: unknown, packet: Packet): Value {
  switch (key) {
    case 'mark':
      return packet.mark
    case 'l4proto':
      return packet.protocol === 'arp' ? absent : packet.protocol
    case 'nfproto':
      return packet.onBridge === true || packet.protocol === 'arp'
        ? null
        : packet.destination.family === 4
          ? 'ipv4'
          : 'ipv6'
    case 'iifname':
    case 'iif':
      return packet.onBridge === true ? null : (packet.inDevice ?? '')
    case 'oifname':
    case 'oif':
      return packet.onBridge === true ? null : (packet.outDevice ?? '')
    case 'ibrname':
    case 'obrname':
      return packet.onBridge === true ? ((key === 'ibrname' ? packet.inDevice : packet.outDevice) ?? absent) : null
    case 'pkttype':
      return packet.protocol === 'arp' || packet.protocol === 'ipv6-icmp' ? null : 'host'
    case 'protocol':
      return etherType(packet)
    default:
      return null
  }
}

function ctValue({ key, dir }: Readonly<Record<string, unknown>>, packet: Packet): Value {
  if (packet.onBridge === true) return null
  if (key === 'state')
    return packet.tracked ? (packet.entered ? (packet.answers ? 'established' : 'new') : 'invalid') : 'untracked'
  if (!hasConnection(packet)) return absent
  if (dir === 'original' && (key === 'daddr' || key === 'ip daddr' || key === 'ip6 daddr'))
    return packet.original.destination
  if (dir === 'original' && key === 'proto-dst') return packet.original.port
  switch (key) {
    case 'status':
      return [...(isDestinationNat(packet) ? ['dnat'] : []), ...(packet.sourceNat === null ? [] : ['snat'])]
    case 'mark':
      return packet.connmark
    case 'direction':
      return packet.answers ? 'reply' : 'original'
    default:
      return null
  }
}

function fibValue({ result, flags }: Readonly<Record<string, unknown>>, packet: Packet, world: World): Value {
  if (result !== 'type' || !Array.isArray(flags)) return null
  const asked = flags.includes('saddr') ? packet.source : packet.destination
  const device = flags.includes('iif') ? packet.inDevice : flags.includes('oif') ? packet.outDevice : null
  return world.addressType(asked, device)?.toLowerCase() ?? null
}

function arithmetic(expression: Readonly<Record<string, unknown>>, packet: Packet, world: World): Value {
  for (const operator of ['&', '|', '^', '<<', '>>'] as const) {
    const sides = expression[operator]
    if (!Array.isArray(sides)) continue
    const [left, ...rest] = sides.map((side) => valueOf(side, packet, world))
    if (left === absent || rest.includes(absent)) return absent
    if (typeof left !== 'number') return null
    return rest.reduce<number | null>(
      (sum, right) => (sum === null || typeof right !== 'number' ? null : calculate(operator, sum, right)),
      left,
    )
  }
  return null
}

function calculate(operator: '&' | '|' | '^' | '<<' | '>>', left: number, right: number): number {
  const results = { '&': left & right, '|': left | right, '^': left ^ right, '<<': left << right, '>>': left >>> right }
  return results[operator] >>> 0
}

/** Whether a value is what the right side of a match says; null where that is not known. `@name` is a set of the same table. */
export function meets(value: Value, right: unknown, table: NftTable): boolean | null {
  if (value === null) return null
  if (value === absent) return false
  if (typeof right === 'string' && right.startsWith('@')) {
    const set = table.sets.get(right.slice(1))
    return set === undefined ? null : anyMeets(value, set.elements, table)
  }
  if (Array.isArray(right)) return anyMeets(value, right, table)
  const { set, prefix, range, elem, concat, '|': union } = record(right)
  // Several bits at once: a packet has one state, and equals no union of two.
  if (Array.isArray(union)) return false
  if (Array.isArray(set)) return anyMeets(value, set, table)
  if (elem !== undefined) return meets(value, record(elem).val, table)
  if (Array.isArray(concat)) {
    if (!Array.isArray(value)) return null
    const parts = concat.map((part, at) => meets((value as readonly Value[])[at] ?? null, part, table))
    return parts.includes(false) ? false : parts.includes(null) ? null : true
  }
  if (prefix !== undefined)
    return isAddress(value) ? inRange(value, `${String(record(prefix).addr)}/${String(record(prefix).len)}`) : null
  if (Array.isArray(range)) return between(value, range)
  return equals(value, right)
}

function anyMeets(value: Value, elements: readonly unknown[], table: NftTable): boolean | null {
  const answers = mayMeet(elements, value).map((place) => meets(value, elements[place], table))
  return answers.includes(true) ? true : answers.includes(null) ? null : false
}

function inRange(address: Address, text: string): boolean | null {
  const range = parseCidrOrAddress(text) ?? parseRange(text)
  return range === null ? null : rangeHas(range, address)
}

function between(value: Value, [first, last]: readonly unknown[]): boolean | null {
  if (typeof value === 'number')
    return typeof first === 'number' && typeof last === 'number' ? first <= value && value <= last : null
  return isAddress(value) ? inRange(value, `${String(first)}-${String(last)}`) : null
}

/** Names of numbers that older nft, or `nft -n`, prints instead. */
const numbers: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '132': 'sctp' }

function equals(value: Value, right: unknown): boolean | null {
  if (Array.isArray(value)) return (value as readonly Value[]).includes(right as Value)
  if (isAddress(value))
    return right === value.text || (typeof right === 'string' ? parseAddress(right)?.text === value.text : null)
  if (typeof value === 'number') return typeof right === 'number' ? value === right : null
  if (typeof right === 'number') return numbers[String(right)] === value
  if (typeof right !== 'string') return null
  if (right === 'unicast') return value === 'host' || value === 'unicast'
  return right.endsWith('*') ? typeof value === 'string' && value.startsWith(right.slice(0, -1)) : value === right
}
