import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import type { NodeState } from '../node-state.ts'
import { next, onward, orNot, type Decided } from './branch.ts'
import { callsIp, runHook, type Hook, type Layer } from './hooks.ts'
import type { RouteDecision } from './route.ts'
import { branchOf } from './start.ts'
import type { Branch, Packet } from './types.ts'

/**
 * What a packet meets that came in by a device, up to where it is routed: the rules of PREROUTING, and where the device is the inner side of a bridge
 * the bridge's own, which may call those of IP amid them. Order: Linux net/bridge/br_input.c (NF_BR_PRE_ROUTING), br_netfilter_hooks.c.
 */
export function broughtIn(state: NodeState, branch: Branch): readonly Decided[] {
  if (!overBridge(state, branch.packet.inDevice)) return runHook(state, 'PREROUTING', branch)
  const framed = through(state, branch, [['PREROUTING', 'bridge']])
  return callsIp(state) ? framed : onward(framed, (one) => runHook(state, 'PREROUTING', one))
}

/** What it meets besides where the bridge does not send it on itself, but hands it up (NF_BR_LOCAL_IN; net/core/dev.c, nf_ingress). */
export function handedUp(state: NodeState, branch: Branch): readonly Decided[] {
  const device = branch.packet.inDevice
  return hasRules(state) && device !== null && device !== 'lo'
    ? through(state, branch, [
        ...(overBridge(state, device) ? [['INPUT', 'bridge'] as const] : []),
        ['INGRESS', 'device'],
      ])
    : [{ branch, decision: next }]
}

/** What a bridge sends on by itself meets its FORWARD rules, with those of IP amid them, and POSTROUTING. */
export function sentOn(state: NodeState, branch: Branch): readonly Decided[] {
  if (!overBridge(state, branch.packet.inDevice))
    return onward(runHook(state, 'FORWARD', branch), (one) => runHook(state, 'POSTROUTING', one))
  const framed = through(state, branch, [
    ['FORWARD', 'bridge'],
    ['POSTROUTING', 'bridge'],
  ])
  return onward(framed, (one) => runHook(state, 'POSTROUTING', one))
}

/**
 * The same of a packet that leaves by a device. Before it goes, the next hop is asked for its hardware address, unless it is known: a question or
 * an answer that a rule drops leaves the packet waiting in vain. Order: Linux net/ipv4/ip_output.c (ip_finish_output2), net/ipv4/arp.c
 * (NF_ARP_OUT, NF_ARP_IN), net/core/dev.c (nf_hook_egress), net/bridge/br_forward.c (NF_BR_LOCAL_OUT, NF_BR_POST_ROUTING).
 */
export function sentOut(state: NodeState, branch: Branch, { device, gateway }: RouteDecision): readonly Decided[] {
  if (!hasRules(state) || device === null || device === 'lo') return [{ branch, decision: next }]
  const hop = gateway ?? branch.packet.destination
  return onward(asked(state, branch, device, hop), (one) => through(state, one, places(state, device, 'out')))
}

/** Asks for the hardware address of a next hop, as far as rules let it. */
function asked(state: NodeState, branch: Branch, device: string, hop: Address): readonly Decided[] {
  const entries =
    state.neighbours?.filter(({ dev, dst }) => dev === device && sameAddress(parseAddress(dst), hop)) ?? []
  const flags = state.links.find(({ ifname }) => ifname === device)?.flags ?? []
  const isKnown = entries.some(
    ({ lladdr, state: states = [] }) =>
      lladdr !== undefined && !states.some((each) => each === 'FAILED' || each === 'INCOMPLETE'),
  )
  if (isKnown || flags.includes('NOARP')) return [{ branch, decision: next }]
  const { packet } = branch
  const question: Packet = {
    ...packet,
    destination: hop,
    protocol: hop.family === 4 ? 'arp' : 'ipv6-icmp',
    inDevice: null,
    outDevice: device,
    answers: false,
  }
  const answer: Packet = { ...question, inDevice: device, outDevice: null, answers: true }
  const arp = (hook: Hook): readonly Place[] => (hop.family === 4 ? [[hook, 'arp']] : [])
  const way = exchanged(
    state,
    branch,
    [question, [...arp('OUTPUT'), ...places(state, device, 'out')]],
    [answer, [...places(state, device, 'in'), ...arp('INPUT')]],
  ).map(({ branch: made, decision }): Decided => ({
    branch: { ...made, packet },
    decision:
      decision.kind === 'next'
        ? next
        : {
            kind: 'drop',
            by: 'question-dropped',
            why: `a rule drops ${hop.family === 4 ? 'the ARP' : 'the neighbour discovery'} that asks for ${hop.text}`,
          },
  }))
  // Whether there was anything to ask is not known then.
  return state.neighbours === null ? orNot(branch, way) : way
}

/**
 * Who answers for an address: the kernel that has it; a program at a packet socket, which gets and sends frames beside the rules of ARP
 * (packet(7)); or one there that announces it unasked, again and again, which whoever asks takes for an answer (Linux net/ipv4/arp.c, arp_process).
 */
export type Answerer = 'kernel' | 'packet-socket' | 'unasked'

/**
 * A question for one of the node's addresses that comes in by a device, and the answer to it, as far as rules let them. What meets a drop ends
 * as the frame that it was: {@link Packet.answers} tells the question from the answer. Order: as of {@link sentOut}, the other way.
 */
export function askedFor(state: NodeState, address: Address, device: string, by: Answerer): readonly Decided[] {
  const start = branchOf({
    source: address,
    destination: address,
    protocol: 'arp',
    destinationPort: 0,
    inDevice: device,
  })
  if (!hasRules(state)) return [{ branch: start, decision: next }]
  const question = start.packet
  const answer: Packet = { ...question, inDevice: null, outDevice: device, answers: true }
  const arp = (hook: Hook): readonly Place[] => (by === 'kernel' ? [[hook, 'arp']] : [])
  return exchanged(
    state,
    start,
    [question, by === 'unasked' ? [] : [...places(state, device, 'in'), ...arp('INPUT')]],
    [answer, [...arp('OUTPUT'), ...places(state, device, 'out')]],
  )
}

/** A question and its answer, each with the places at which rules see it. */
function exchanged(
  state: NodeState,
  branch: Branch,
  ...[question, answer]: readonly [there: Exchange, back: Exchange]
): readonly Decided[] {
  const over =
    ([packet, seenAt]: Exchange) =>
    (one: Branch) =>
      through(state, { ...one, packet }, seenAt)
  return onward(over(question)(branch), over(answer))
}

type Exchange = readonly [packet: Packet, places: readonly Place[]]
type Place = readonly [hook: Hook, layer: Layer]

/** Where rules see a frame of a device, in order: the device's own, and those of the bridge whose inner side it may be. */
function places(state: NodeState, device: string, way: 'in' | 'out'): readonly Place[] {
  const bridge = (...hooks: readonly Hook[]) =>
    overBridge(state, device) ? hooks.map((hook): Place => [hook, 'bridge']) : []
  return way === 'in'
    ? [...bridge('PREROUTING', 'INPUT'), ['INGRESS', 'device']]
    : [['EGRESS', 'device'], ...bridge('OUTPUT', 'POSTROUTING')]
}

/** Whether what goes by a device goes over a bridge whose rules look at it. */
const overBridge = (state: NodeState, device: string | null): boolean => hasRules(state) && isBridge(state, device)

/** Whether a device is the inner side of a bridge. */
export const isBridge = ({ links }: NodeState, device: string | null): boolean =>
  links.some(
    ({ ifname, master, linkinfo }) =>
      (ifname === device && linkinfo?.info_kind === 'bridge') ||
      (master === device && linkinfo?.info_slave_kind === 'bridge'),
  )

const through = (state: NodeState, start: Branch, places: readonly Place[]): readonly Decided[] =>
  places.reduce<readonly Decided[]>(
    (all, [hook, layer]) =>
      onward(all, (branch) => {
        const { packet } = branch
        const frame: Branch = { ...branch, packet: { ...packet, onBridge: layer === 'bridge' } }
        return runHook(state, hook, frame, layer).map(({ branch: made, decision }) => ({
          branch: { ...made, packet: { ...made.packet, onBridge: false } },
          decision,
        }))
      }),
    [{ branch: start, decision: next }],
  )

const withRules = new WeakMap<NodeState, boolean>()

/** Whether any rule looks at what IP has done with; on most nodes none does. */
function hasRules(state: NodeState): boolean {
  const known = withRules.get(state)
  if (known !== undefined) return known
  const found = (state.nft?.tables ?? []).some(
    ({ family, chains }) =>
      ['arp', 'bridge', 'netdev'].includes(family) ||
      [...chains.values()].some(({ hook }) => hook === 'ingress' || hook === 'egress'),
  )
  withRules.set(state, found)
  return found
}
