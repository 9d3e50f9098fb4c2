import { parseAddress, type Address, type Family } from '../../net/address.ts'
import { parseCidrOrAddress, rangeHas, type Cidr } from '../../net/range.ts'
import type { NodeState } from '../node-state.ts'
import type { Packet } from './types.ts'

type NodeRoute = NodeState['routes'][number]
type NodeRule = NodeState['rules'][number]

/** What the routing tables say about a destination. `type` is the kernel's (unicast, local, blackhole, …). */
export interface RouteDecision {
  readonly type: string
  readonly device: string | null
  readonly gateway: Address | null
  readonly route: NodeRoute
  /** The rule that led to its table, or that decided by itself. */
  readonly rule: NodeRule
}

/** The question that routing rules look at besides the destination. */
export type Flow = Pick<Packet, 'source' | 'destination' | 'mark' | 'inDevice'>

/**
 * Looks a destination up: rule by rule in order of priority, in each rule's table the longest prefix, of several the lowest metric
 * (Linux net/ipv4/fib_rules.c, fib_trie.c). Null where no rule's table has a route.
 */
export function lookUpRoute(state: NodeState, flow: Flow): RouteDecision | null {
  for (const rule of rulesOf(state)) {
    if (!ruleMeets(rule, flow)) continue
    if (rule.action !== undefined && rule.action !== 'to_tbl' && rule.action !== 'goto')
      return { type: rule.action, device: null, gateway: null, route: {}, rule }
    const found = longest(state, String(rule.table ?? 'main'), flow.destination)
    if (found === null || found.type === 'throw') continue
    // `suppress_prefixlength 0` takes what a table says but for its default route (wg-quick).
    if (found.prefix > (rule.suppress_prefixlen ?? -1)) return { ...found, rule }
  }
  return null
}

const defaultRules: readonly NodeRule[] = [
  { priority: 0, table: 'local' },
  { priority: 32766, table: 'main' },
]

const ordered = new WeakMap<NodeState, readonly NodeRule[]>()

/** The rules in order of priority. */
function rulesOf(state: NodeState): readonly NodeRule[] {
  const known = ordered.get(state)
  if (known !== undefined) return known
  const rules = state.rules.length > 0 ? state.rules : defaultRules
  const sorted = rules.toSorted((one, other) => (one.priority ?? 0) - (other.priority ?? 0))
  ordered.set(state, sorted)
  return sorted
}

function ruleMeets(rule: NodeRule, { source, destination, mark, inDevice }: Flow): boolean {
  const mask = rule.fwmask === undefined ? 0xffffffff : Number(rule.fwmask) >>> 0
  const holds =
    inPrefix(rule.src, rule.srclen, source) &&
    inPrefix(rule.dst, rule.dstlen, destination) &&
    (rule.fwmark === undefined || (mark & mask) >>> 0 === Number(rule.fwmark) >>> 0) &&
    (rule.iif === undefined || rule.iif === (inDevice ?? 'lo')) &&
    rule.oif === undefined
  return rule.not === undefined ? holds : !holds
}

function inPrefix(address: string | undefined, length: number | undefined, one: Address): boolean {
  if (address === undefined || address === 'all') return true
  const cidr = parseCidrOrAddress(length === undefined ? address : `${address}/${String(length)}`)
  return cidr !== null && rangeHas(cidr, one)
}

function longest(
  state: NodeState,
  table: string,
  destination: Address,
): (Omit<RouteDecision, 'rule'> & { readonly prefix: number }) | null {
  let best: { readonly route: NodeRoute; readonly prefix: number } | null = null
  for (const { route, cidr } of routesOf(state, table, destination.family)) {
    if (!rangeHas(cidr, destination)) continue
    const better =
      best === null ||
      cidr.prefix > best.prefix ||
      (cidr.prefix === best.prefix && (route.metric ?? 0) < (best.route.metric ?? 0))
    if (better) best = { route, prefix: cidr.prefix }
  }
  if (best === null) return null
  const { route, prefix } = best
  const [first] = route.nexthops ?? []
  return {
    prefix,
    type: route.type ?? 'unicast',
    device: route.dev ?? first?.dev ?? null,
    gateway: parseAddress(route.gateway ?? route.via?.host ?? first?.gateway),
    route,
  }
}

interface Parsed {
  readonly route: NodeRoute
  readonly cidr: Cidr
}
const parsed = new WeakMap<NodeState, Map<string, readonly Parsed[]>>()

/**
 * The routes of a table; `ip route show table all` names no table for those of main. A route of a device without a carrier is used all the
 * same, unless the device's `ignore_routes_with_linkdown` says otherwise (Linux net/ipv4/fib_semantics.c, fib_select_default; fib_trie.c).
 */
function routesOf(state: NodeState, table: string, family: Family): readonly Parsed[] {
  const tables = parsed.get(state) ?? new Map<string, readonly Parsed[]>()
  parsed.set(state, tables)
  const key = `${table} ${String(family)}`
  const found =
    tables.get(key) ??
    state.routes.flatMap((route): Parsed[] => {
      const named = String(route.table ?? 'main')
      if (named !== table || isUnused(state, route, family)) return []
      // The default routes of both families are called the same.
      if (route.dst === 'default' && (parseAddress(route.gateway)?.family ?? family) !== family) return []
      const dst = route.dst === 'default' ? (family === 4 ? '0.0.0.0/0' : '::/0') : route.dst
      // A node has as many of the other family, and to read them costs more.
      if (dst?.includes(':') === (family === 4)) return []
      const cidr = parseCidrOrAddress(dst)
      return cidr?.family === family ? [{ route, cidr }] : []
    })
  tables.set(key, found)
  return found
}

function isUnused({ sysctl }: NodeState, { flags = [], dev = '' }: NodeRoute, family: Family): boolean {
  const ignored = sysctl?.get(`net.ipv${String(family)}.conf.${dev}.ignore_routes_with_linkdown`) === '1'
  return flags.includes('dead') || (ignored && flags.includes('linkdown'))
}

/**
 * The type of an address in the words of iptables' addrtype. For IPv4 only the table `local` is asked: what is not in it is UNICAST, whether
 * there is a way to it or not, and of a device what is in it by another (Linux net/ipv4/fib_frontend.c, __inet_dev_addr_type). For IPv6 it is the type of the route, UNREACHABLE where
 * there is none (net/netfilter/xt_addrtype.c, match_lookup_rt6).
 */
export function addressType(state: NodeState, address: Address, device: string | null): string {
  if (address.family === 6) {
    const found = lookUpRoute(state, { source: address, destination: address, mark: 0, inDevice: null })
    return (found?.type ?? 'unreachable').toUpperCase()
  }
  const first = address.value >> 24n
  if (first >= 224n && first < 240n) return 'MULTICAST'
  if (first === 0n || address.value === 0xffffffffn) return 'BROADCAST'
  const found = longest(state, 'local', address)
  return (found === null || (device !== null && found.device !== device) ? 'unicast' : found.type).toUpperCase()
}

/** The way of what the node sends. An address of loopback leaves it only where `route_localnet` lets it (net/ipv4/route.c, __mkroute_output). */
export function routeOut(state: NodeState, packet: Packet): RouteDecision | null {
  const route = lookUpRoute(state, { ...packet, inDevice: null })
  if (route?.type !== 'unicast' || !isLoopback(packet.source)) return route
  return route.device === 'lo' || routesLoopback(state, route.device) ? route : null
}

/** Whether an address never leaves a node. */
export const isLoopback = ({ family, value }: Address): boolean => family === 4 && value >> 24n === 127n

/** A setting of a device: either it or that of all devices is on. */
export function routesLoopback({ sysctl }: NodeState, device: string | null): boolean {
  const on = (name: string) => sysctl?.get(`net.ipv4.conf.${name}.route_localnet`) === '1'
  return on('all') || (device !== null && on(device))
}

const unreachable = new Set(['unreachable', 'blackhole', 'prohibit', 'broadcast', 'multicast', 'anycast'])

/** Whether nothing can be sent by a route. */
export const leadsNowhere = (route: RouteDecision | null): boolean => route === null || unreachable.has(route.type)

/** In words, why nothing can be sent by a route that {@link leadsNowhere}. */
export const whyNoRoute = ({ text }: Address, route: RouteDecision | null): string =>
  route === null ? `no route to ${text}` : `the route to ${text} is of type ${route.type}`

/** `-m rpfilter` (Linux net/ipv4/netfilter/ipt_rpfilter.c; net/ipv6/netfilter/ip6t_rpfilter.c). What comes in by loopback passes. */
export function reversePathHolds(
  state: NodeState,
  { source, destination, inDevice, mark }: Packet,
  how: { readonly loose: boolean; readonly validMark: boolean; readonly acceptLocal: boolean },
): boolean {
  if (inDevice === null || inDevice === 'lo') return true
  const flow = { source: destination, destination: source, mark: how.validMark ? mark : 0, inDevice: null }
  const back = lookUpRoute(state, flow)
  if (back === null || (back.type !== 'unicast' && !(back.type === 'local' && how.acceptLocal))) return false
  return how.loose || back.device === inDevice
}
