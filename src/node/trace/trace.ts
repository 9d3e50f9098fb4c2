import { sameAddress, type Address } from '../../net/address.ts'
import type { Protocol } from '../../net/port.ts'
import type { NodeState } from '../node-state.ts'
import { onward, packetKey, type Decided } from './branch.ts'
import { record } from '../parse/nft.ts'
import { runHook } from './hooks.ts'
import { toRealServers } from './ipvs.ts'
import { lookUpRoute, type RouteDecision } from './route.ts'
import type { Branch, Fate, Outcome, Packet } from './types.ts'

/** A packet as it sets out: where from, where to, and by which device it comes in (null: the node itself sends it). */
export interface Start {
  readonly source: Address
  readonly destination: Address
  readonly protocol: Protocol
  readonly destinationPort: number
  readonly sourcePort?: number
  readonly inDevice: string | null
}

/** A port of the range that Linux takes for clients (net.ipv4.ip_local_port_range, 32768-60999): rules about source ports rarely mean one. */
const clientPort = 40_000

/**
 * What the kernel of one node does with the first packet of a connection: every way that it may take, with probability, doubt and the
 * rules that decided, the likeliest first. Order of hooks and tables: Linux net/ipv4/ip_input.c, ip_forward.c, ip_output.c.
 */
export function tracePacket(state: NodeState, start: Start): readonly Outcome[] {
  const packet: Packet = {
    ...start,
    sourcePort: start.sourcePort ?? clientPort,
    outDevice: null,
    mark: 0,
    connmark: 0,
    original: { destination: start.destination, port: start.destinationPort },
    translated: false,
    sourceNat: null,
    tracked: true,
  }
  const branch: Branch = { packet, probability: 1, doubt: null, steps: [] }
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
    if (decision.kind === 'drop') return end(branch, { kind: 'dropped', why: decision.why })
    if (decision.kind === 'reject') return end(branch, { kind: 'rejected', with: decision.with })
    return then(branch)
  })
}

function received(state: NodeState, start: Branch): readonly Ended[] {
  return go(runHook(state, 'PREROUTING', start), (branch) => {
    const { packet } = branch
    const route = lookUpRoute(state, packet)
    if (route === null || unreachable.has(route.type)) return end(branch, noRoute(packet, route))
    const martian = reversePathFails(state, packet)
    if (martian !== null) return end(branch, { kind: 'dropped', why: martian })
    if (route.type === 'local') return input(state, branch)
    if (!forwards(state, packet))
      return end(branch, { kind: 'dropped', why: `${state.node} does not forward: ${forwardSwitch(packet)} is 0` })
    return forward(state, { ...branch, packet: { ...packet, outDevice: route.device } }, route)
  })
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
  return go(runHook(state, 'FORWARD', start), (branch) =>
    go(runHook(state, 'POSTROUTING', branch), (last) => {
      const turned = hairpin(state, last.packet, route)
      if (turned === 'closed')
        return end(last, {
          kind: 'dropped',
          why: `the bridge ${route.device ?? ''} sends nothing back out of the port that it came in by (hairpin mode is off)`,
        })
      return end(last, onItsWay(last.packet, route))
    }),
  )
}

/** What the node sends: routed, then OUTPUT, then routed again where OUTPUT changed destination or mark. */
function sentByNode(state: NodeState, start: Branch): readonly Ended[] {
  const first = lookUpRoute(state, start.packet)
  if (first === null || unreachable.has(first.type)) return end(start, noRoute(start.packet, first))
  const set: Branch = { ...start, packet: { ...start.packet, outDevice: first.type === 'local' ? 'lo' : first.device } }
  return go(runHook(state, 'OUTPUT', set), (branch) => {
    const servers = toRealServers(state, branch)
    return servers === null ? leave(state, branch) : go(servers, (sent) => leave(state, sent))
  })
}

/** The last routing decision and POSTROUTING; what stays on the node comes in again by `lo`. */
function leave(state: NodeState, branch: Branch): readonly Ended[] {
  const route = lookUpRoute(state, { ...branch.packet, inDevice: null })
  if (route === null || unreachable.has(route.type)) return end(branch, noRoute(branch.packet, route))
  const local = route.type === 'local'
  const routed: Branch = { ...branch, packet: { ...branch.packet, outDevice: local ? 'lo' : route.device } }
  return go(runHook(state, 'POSTROUTING', routed), (last) => {
    if (!local) return end(last, onItsWay(last.packet, route))
    const inside: Branch = { ...last, packet: { ...last.packet, inDevice: 'lo', outDevice: null } }
    return go(
      onward(runHook(state, 'PREROUTING', inside), (one) => runHook(state, 'INPUT', one)),
      (one) => end(one, { kind: 'local' }),
    )
  })
}

const unreachable = new Set(['unreachable', 'blackhole', 'prohibit', 'broadcast', 'multicast', 'anycast'])

function noRoute({ destination }: Packet, route: RouteDecision | null): Fate {
  return {
    kind: 'no-route',
    why:
      route === null ? `no route to ${destination.text}` : `the route to ${destination.text} is of type ${route.type}`,
  }
}

function onItsWay(packet: Packet, { device, gateway }: RouteDecision): Fate {
  return { kind: packet.translated ? 'delivered' : 'forwarded', device, gateway }
}

/**
 * A pod that is sent to itself: the bridge must send the frame back out of the port that it came in by, which it does only in hairpin mode
 * (Linux net/bridge/br_forward.c, should_deliver). Which port is the pod's is not known, so all ports of the bridge must agree.
 */
function hairpin(state: NodeState, packet: Packet, { device, gateway }: RouteDecision): 'open' | 'closed' | null {
  if (device !== packet.inDevice || gateway !== null || !sameAddress(packet.source, packet.destination)) return null
  const ports = state.links.filter(({ master }) => master === device)
  const modes = ports.map(({ linkinfo }) => record(linkinfo?.info_slave_data).hairpin)
  if (modes.length === 0) return null
  if (modes.every((mode) => mode === true)) return 'open'
  return modes.every((mode) => mode === false) ? 'closed' : null
}

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

/** Strict reverse path filtering (RFC 3704): the way back must lead out of the device that the packet came in by. The greater of `all` and the device counts. */
function reversePathFails(state: NodeState, { source, inDevice, mark, destination }: Packet): string | null {
  if (inDevice === null || inDevice === 'lo' || source.family !== 4) return null
  const setting = (name: string) => Number(state.sysctl?.get(`net.ipv4.conf.${name}.rp_filter`) ?? 0)
  if (Math.max(setting('all'), setting(inDevice)) !== 1) return null
  const back = lookUpRoute(state, { source: destination, destination: source, mark, inDevice: null })
  if (back === null || back.device === inDevice) return null
  return `the reverse path filter of ${inDevice} (strict) drops it: the way back to ${source.text} leads out of ${back.device ?? 'nothing'}`
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

/** Whether two outcomes end at the same address and port. */
export const sameEnd = (one: Outcome, other: Outcome): boolean =>
  one.fate.kind === other.fate.kind &&
  sameAddress(one.packet.destination, other.packet.destination) &&
  one.packet.destinationPort === other.packet.destinationPort
