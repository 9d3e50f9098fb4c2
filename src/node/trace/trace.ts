import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import type { NodeState } from '../node-state.ts'
import { onward, packetKey, type Decided } from './branch.ts'
import { record } from '../../evidence/node/nft.ts'
import { isDirect, isPodDevice, toBackends } from './ebpf.ts'
import { broughtIn, handedUp, isBridge, sentOn, sentOut } from './frame.ts'
import { callsIp, runHook } from './hooks.ts'
import { toRealServers } from './ipvs.ts'
import {
  isLoopback,
  leadsNowhere,
  lookUpRoute,
  routeOut,
  routesLoopback,
  whyNoRoute,
  type RouteDecision,
} from './route.ts'
import { branchOf, type Start } from './start.ts'
import { goesElsewhere, type Branch, type DroppedBy, type Fate, type Outcome, type Packet } from './types.ts'

/**
 * What the kernel of one node does with the first packet of a connection: every way that it may take, with probability, doubt and the
 * rules that decided, the likeliest first. Order of hooks and tables: Linux net/ipv4/ip_input.c, ip_forward.c, ip_output.c.
 */
export function tracePacket(state: NodeState, start: Start): readonly Outcome[] {
  const branch = branchOf(start)
  const ended = start.inDevice === null ? sentByNode(state, branch) : received(state, branch)
  return merged(ended)
}

interface Ended {
  readonly branch: Branch
  readonly fate: Fate
}

const end = (branch: Branch, fate: Fate): readonly Ended[] => [{ branch, fate }]

/** What is left of a stage: the branches that go on are handed to `then`, the others have met their end. */
function go(decided: readonly Decided[], then: (branch: Branch) => readonly Ended[]): readonly Ended[] {
  return decided.flatMap(({ branch, decision }) => {
    if (decision.kind === 'drop') return end(branch, { kind: 'dropped', by: decision.by, why: decision.why })
    if (decision.kind === 'no-route') return end(branch, decision)
    if (decision.kind === 'reject') return end(branch, { kind: 'rejected', with: decision.with })
    return then(branch)
  })
}

function received(state: NodeState, start: Branch): readonly Ended[] {
  const sent = toBackends(state, start)
  if (sent !== null) return go(sent, (branch) => pastRules(state, branch))
  const { packet } = start
  const route = state.ebpf === undefined ? null : lookUpRoute(state, packet)
  return route?.type === 'unicast' && isPodDevice(route.device ?? '')
    ? end(start, onItsWay(packet, route))
    : throughRules(state, start)
}

/**
 * What an eBPF program sends on meets no rule of netfilter, but for what it sends to the node itself. Its answer comes back the same way: by the
 * address of the node (Cilium's SNAT), by its tunnel (Calico), or, with DSR, from the pod's node with the VIP as its source.
 */
function pastRules(state: NodeState, branch: Branch): readonly Ended[] {
  const { packet } = branch
  if (sameAddress(packet.destination, packet.original.destination)) return end(branch, { kind: 'local' })
  const route = lookUpRoute(state, { ...packet, inDevice: null })
  if (route === null || leadsNowhere(route)) return end(branch, noWay(packet, route))
  if (route.type === 'local')
    return packet.inDevice === null ? end(branch, { kind: 'local' }) : throughRules(state, branch)
  const home = state.ebpf?.nodeOf(packet.destination) ?? null
  const sourceNat = home === null || home === state.node || isDirect(state, branch) ? null : 'masquerade'
  return end({ ...branch, packet: { ...packet, outDevice: route.device, sourceNat } }, onItsWay(packet, route))
}

function throughRules(state: NodeState, start: Branch): readonly Ended[] {
  return go(broughtIn(state, start), (inside) => {
    const route = lookUpRoute(state, inside.packet)
    if (route !== null && isBridged(state, inside.packet, route)) return routed(state, inside, route)
    return go(handedUp(state, inside), (branch) => routed(state, branch, route))
  })
}

function routed(state: NodeState, branch: Branch, route: RouteDecision | null): readonly Ended[] {
  const { packet } = branch
  if (isLoopback(packet.destination) && !routesLoopback(state, packet.inDevice))
    return end(branch, {
      kind: 'dropped',
      by: 'loopback-destination',
      why: `${packet.inDevice ?? ''} takes nothing for ${packet.destination.text}: route_localnet is 0`,
    })
  if (route === null || leadsNowhere(route)) return end(branch, noWay(packet, route))
  const martian = martianOf(state, packet)
  if (martian !== null) return end(branch, { kind: 'dropped', ...martian })
  if (route.type === 'local') return input(state, branch)
  if (!forwards(state, packet))
    return end(branch, {
      kind: 'dropped',
      by: 'forwarding-off',
      why: `${state.node} does not forward: ${forwardSwitch(packet)} is 0`,
    })
  return forward(state, { ...branch, packet: { ...packet, outDevice: route.device } }, route)
}

/** To the node itself: its INPUT rules, then IPVS (LOCAL_IN at priority 98-99, behind filter), then a socket. */
function input(state: NodeState, start: Branch): readonly Ended[] {
  return go(runHook(state, 'INPUT', start), (branch) => {
    const servers = toRealServers(state, branch)
    if (servers === null) return end(branch, { kind: 'local' })
    return go(servers, (sent) => leave(state, sent))
  })
}

function forward(state: NodeState, start: Branch, route: RouteDecision): readonly Ended[] {
  // A bridge asks whether it may send a frame out of a port before it asks the rules.
  if (hairpin(state, start.packet, route) === 'closed')
    return end(start, {
      kind: 'dropped',
      by: 'hairpin-off',
      why: `the bridge ${route.device ?? ''} sends nothing back out of the port that it came in by (hairpin mode is off)`,
    })
  if (isBridged(state, start.packet, route))
    return go(sentOn(state, start), (last) => end(last, onItsWay(last.packet, route)))
  return go(runHook(state, 'FORWARD', start), (branch) =>
    go(runHook(state, 'POSTROUTING', branch), (last) => leaveBy(state, last, route)),
  )
}

/** What the node sends: routed, then OUTPUT, then routed again where OUTPUT changed destination or mark. */
function sentByNode(state: NodeState, start: Branch): readonly Ended[] {
  const sent = toBackends(state, start)
  if (sent !== null) return go(sent, (branch) => pastRules(state, branch))
  const first = routeOut(state, start.packet)
  if (first === null || leadsNowhere(first)) return end(start, noWay(start.packet, first))
  const set: Branch = { ...start, packet: { ...start.packet, outDevice: first.type === 'local' ? 'lo' : first.device } }
  return go(runHook(state, 'OUTPUT', set), (branch) => {
    const servers = toRealServers(state, branch)
    return servers === null ? leave(state, branch) : go(servers, (sent) => leave(state, sent))
  })
}

/** The last routing decision and POSTROUTING; what stays on the node comes in again by `lo`. */
function leave(state: NodeState, branch: Branch): readonly Ended[] {
  const route = routeOut(state, { ...branch.packet, mark: branch.packet.routedMark })
  if (route === null || leadsNowhere(route)) return end(branch, noWay(branch.packet, route))
  const local = route.type === 'local'
  const routed: Branch = { ...branch, packet: { ...branch.packet, outDevice: local ? 'lo' : route.device } }
  return go(runHook(state, 'POSTROUTING', routed), (last) => {
    if (!local) return leaveBy(state, last, route)
    const { packet } = last
    const source = packet.sourceNat === 'masquerade' ? masqueradeAddress(state, 'lo', packet) : packet.sourceNat
    const inside: Branch = {
      ...last,
      packet: { ...packet, source: source ?? packet.source, inDevice: 'lo', outDevice: null },
    }
    return go(
      onward(runHook(state, 'PREROUTING', inside), (one) => runHook(state, 'INPUT', one)),
      (one) => end(one, { kind: 'local' }),
    )
  })
}

/** Past the rules of IP: a frame, to a neighbour whose hardware address is known or asked for. */
const leaveBy = (state: NodeState, branch: Branch, route: RouteDecision): readonly Ended[] =>
  go(sentOut(state, branch, route), (last) => end(last, onItsWay(last.packet, route)))

/**
 * The source that masquerading gives: the first address of the device that is known beyond the node, and where it has none (`lo`) that of the
 * first device that has one (Linux net/ipv4/devinet.c, inet_select_addr).
 */
function masqueradeAddress({ addresses }: NodeState, device: string, { source }: Packet): Address | null {
  const own = [...addresses].sort((one, other) => Number(other.ifname === device) - Number(one.ifname === device))
  const found = own.flatMap(({ addr_info }) => addr_info ?? []).filter(({ scope }) => scope === 'global')
  return found.flatMap(({ local }) => parseAddress(local) ?? []).find(({ family }) => family === source.family) ?? null
}

const noWay = ({ destination }: Packet, route: RouteDecision | null): Fate => ({
  kind: 'no-route',
  why: whyNoRoute(destination, route),
})

function onItsWay(packet: Packet, { device, gateway }: RouteDecision): Fate {
  return { kind: packet.translated ? 'delivered' : 'forwarded', device, gateway }
}

/**
 * A pod that is sent to itself. Where br_netfilter translates on the bridge, the frame is bridged, not routed, and goes back out of the port
 * that it came in by only in hairpin mode (Linux net/bridge/br_netfilter_hooks.c, br_nf_pre_routing_finish; br_forward.c, should_deliver).
 * Which port is the pod's is not known, so all ports of the bridge must agree.
 */
function hairpin(state: NodeState, packet: Packet, route: RouteDecision): 'open' | 'closed' | null {
  if (!sameAddress(packet.source, packet.destination) || !isBridged(state, packet, route)) return null
  const ports = state.links.filter(({ master }) => master === route.device)
  const modes = ports.map(({ linkinfo }) => record(linkinfo?.info_slave_data).hairpin)
  if (modes.length === 0) return null
  if (modes.every((mode) => mode === true)) return 'open'
  return modes.every((mode) => mode === false) ? 'closed' : null
}

/** What is translated to a neighbour on the bridge that it came in by is not routed: the bridge sends it on (br_nf_pre_routing_finish). */
const isBridged = (state: NodeState, packet: Packet, { device, gateway }: RouteDecision): boolean =>
  device === packet.inDevice && gateway === null && goesElsewhere(packet) && callsIp(state) && isBridge(state, device)

const forwardSwitch = ({ destination, inDevice }: Packet): string =>
  `net.ipv${destination.family === 4 ? '4' : '6'}.conf.${inDevice ?? 'all'}.forwarding`

/** Whether the node forwards what comes in by a device. Where sysctls were not printed it is taken to: a node of Kubernetes does. */
function forwards({ sysctl }: NodeState, packet: Packet): boolean {
  if (sysctl === null) return true
  const value =
    sysctl.get(forwardSwitch(packet)) ??
    sysctl.get(packet.destination.family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding')
  return value !== '0'
}

/**
 * Why the kernel takes a source for impossible, null where it does not: an address of its own that comes in from outside, loopback, or one to
 * which the way back does not lead out of the device (RFC 3704: strict 1, loose 2 asks only for some way, and for an address on the device;
 * the greater of `all` and the device counts). Source: Linux net/ipv4/fib_frontend.c, fib_validate_source; net/ipv4/route.c, ip_route_input_slow.
 */
function martianOf(
  state: NodeState,
  { source, inDevice, mark, destination }: Packet,
): { readonly by: DroppedBy; readonly why: string } | null {
  if (inDevice === null || inDevice === 'lo' || source.family !== 4) return null
  const setting = (name: string, device: string) => Number(state.sysctl?.get(`net.ipv4.conf.${device}.${name}`) ?? 0)
  const greater = (name: string) => Math.max(setting(name, 'all'), setting(name, inDevice))
  if (isLoopback(source) && !routesLoopback(state, inDevice))
    return { by: 'martian-source', why: `${source.text} is no source of what comes in by ${inDevice}` }
  const filter = greater('rp_filter')
  const marked = greater('src_valid_mark') > 0 ? mark : 0
  const back = lookUpRoute(state, { source: destination, destination: source, mark: marked, inDevice: null })
  if (back?.type === 'local')
    return greater('accept_local') > 0
      ? null
      : {
          by: 'martian-source',
          why: `${source.text} is an address of ${state.node} itself, and comes in by ${inDevice}`,
        }
  if (filter === 0 || back?.device === inDevice) return null
  if (filter === 2 && back?.type === 'unicast' && hasAddress(state, inDevice)) return null
  const strictness = filter === 2 ? 'loose' : 'strict'
  const why = `the reverse path filter of ${inDevice} (${strictness}) drops it: the way back to ${source.text} leads out of ${back?.device ?? 'nothing'}`
  return { by: 'reverse-path', why }
}

/** Whether a device has an IPv4 address; one whose addresses were not read is taken to. */
function hasAddress({ addresses }: NodeState, device: string): boolean {
  const held = addresses.find(({ ifname }) => ifname === device)
  return held?.addr_info?.some(({ local }) => parseAddress(local)?.family === 4) ?? true
}

/** Ends that are alike are one outcome. */
function merged(ended: readonly Ended[]): readonly Outcome[] {
  const byKey = new Map<string, Outcome>()
  for (const { branch, fate } of ended) {
    const key = `${JSON.stringify({ ...fate, gateway: 'gateway' in fate ? (fate.gateway?.text ?? null) : null })} ${packetKey(branch.packet)} ${branch.doubt === null ? '' : 'doubt'}`
    const same = byKey.get(key)
    byKey.set(
      key,
      same === undefined ? { ...branch, fate } : { ...same, probability: same.probability + branch.probability },
    )
  }
  return [...byKey.values()].sort((one, other) => other.probability - one.probability)
}
