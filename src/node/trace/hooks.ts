import { parseAddress, sameAddress } from '../../net/address.ts'
import { placeText } from '../../evidence/cite.ts'
import type { NodeState } from '../node-state.ts'
import { isIptablesTable, type NftChain } from '../../evidence/node/nft.ts'
import { next, onward, orNot, type Decided } from './branch.ts'
import { runBaseChain } from './iptables.ts'
import { runNativeChain } from './nft.ts'
import { addressType, leadsNowhere, reversePathHolds, routeOut, whyNoRoute } from './route.ts'
import type { Branch, Packet } from './types.ts'
import type { World } from './world.ts'

/** The places at which netfilter sees a packet (linux/netfilter.h). */
export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING' | 'INGRESS' | 'EGRESS'

/** Who calls a hook: the IP stack; what asks neighbours by ARP; a bridge, of each frame; a device (linux/netfilter.h, NFPROTO_*). */
export type Layer = 'ip' | 'arp' | 'bridge' | 'device'

interface Stage {
  readonly priority: number
  readonly nat: boolean
  /** Whether a packet of the node's own is routed again where this one changed its mark. */
  readonly routes: boolean
  readonly run: (branch: Branch) => readonly Decided[]
}

/** Priorities of iptables' tables at the hooks that they have (Linux include/uapi/linux/netfilter_ipv4.h). */
const tablesAt: Readonly<Record<Hook, readonly (readonly [table: string, priority: number])[]>> = {
  PREROUTING: [
    ['raw', -300],
    ['mangle', -150],
    ['nat', -100],
  ],
  INPUT: [
    ['mangle', -150],
    ['filter', 0],
    ['security', 50],
    ['nat', 100],
  ],
  FORWARD: [
    ['mangle', -150],
    ['filter', 0],
    ['security', 50],
  ],
  OUTPUT: [
    ['raw', -300],
    ['mangle', -150],
    ['nat', -100],
    ['filter', 0],
    ['security', 50],
  ],
  POSTROUTING: [
    ['mangle', -150],
    ['nat', 100],
  ],
  INGRESS: [],
  EGRESS: [],
}

const worlds = new WeakMap<NodeState, World>()

/** What the matches of this node's rules ask of it. */
function worldOf(state: NodeState): World {
  const types = new Map<string, string>()
  const world = worlds.get(state) ?? {
    sets: state.sets,
    isTakenAway: ({ place }) => place !== null && state.taken?.has(placeText(place)) === true,
    addressType: (address, device) => {
      const key = `${address.text} ${device ?? ''}`
      const type = types.get(key) ?? addressType(state, address, device)
      types.set(key, type)
      return type
    },
    reversePath: (packet, how) => reversePathHolds(state, packet, how),
    socketFor: (packet, how) => socketFor(state, packet, how),
    bridgePorts: (device) => {
      const ports = state.links.filter(({ master, linkinfo }) => master === device && isBridgePort(linkinfo))
      return callsIp(state) && ports.length > 0 ? ports.map(({ ifname }) => ifname ?? '') : null
    },
    addressOfDevice: (device, family) =>
      state.addresses
        .filter(({ ifname }) => ifname === device)
        .flatMap(({ addr_info }) => addr_info ?? [])
        .flatMap(({ local }) => parseAddress(local) ?? [])
        .find((address) => address.family === family) ?? null,
  }
  worlds.set(state, world)
  return world
}

/**
 * Whether a socket waits for a packet: one on its very address, or on any where those count. Which are transparent no listing says; where none
 * waits at all, none does that is (Linux net/netfilter/xt_socket.c, socket_match).
 */
function socketFor(
  { listeners }: NodeState,
  { destination, destinationPort, protocol, answers }: Packet,
  { transparent, wildcards }: Parameters<World['socketFor']>[1],
): boolean | null {
  if (answers || listeners === undefined) return null
  const waits = listeners.some(
    (one) =>
      one.protocol === protocol &&
      one.port === destinationPort &&
      (one.address === destination.text || (wildcards && (one.address === null || isWildcard(one.address)))),
  )
  return waits && transparent ? null : waits
}

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::'

const isBridgePort = (linkinfo: NodeState['links'][number]['linkinfo']): boolean =>
  linkinfo?.info_slave_kind === 'bridge'

/** Conntrack looks at a packet between `raw` and `mangle` (NF_IP_PRI_CONNTRACK). */
const conntrack: Stage = {
  priority: -200,
  nat: false,
  routes: false,
  run: (branch) => [{ branch: { ...branch, packet: { ...branch.packet, entered: true } }, decision: next }],
}

/** Whether the rules of IP see what a bridge carries too (br_netfilter). Where the switch was not printed they are taken to. */
export const callsIp = ({ sysctl, family }: NodeState): boolean =>
  sysctl?.get(`net.bridge.bridge-nf-call-ip${family === 4 ? '' : '6'}tables`) !== '0'

/** The rules of IP, as br_netfilter calls them amid the bridge's own (NF_BR_PRI_BRNF; net/bridge/br_netfilter_hooks.c, br_nf_ops). */
const ofIp = (state: NodeState, hook: Hook): Stage => ({
  priority: 0,
  nat: false,
  routes: false,
  run: (branch) =>
    callsIp(state)
      ? runHook(state, hook, { ...branch, packet: { ...branch.packet, onBridge: false } }).map((one) => ({
          ...one,
          branch: { ...one.branch, packet: { ...one.branch.packet, onBridge: true } },
        }))
      : [{ branch, decision: next }],
})

const stages = new WeakMap<NodeState, Map<string, readonly Stage[]>>()

/**
 * Runs everything that is registered at a hook, both iptables back-ends and native tables, by priority. ACCEPT ends one base chain, a drop
 * ends the journey. Of the nat chains only those are asked that can still translate: conntrack keeps the first translation of each kind.
 */
export function runHook(state: NodeState, hook: Hook, branch: Branch, layer: Layer = 'ip'): readonly Decided[] {
  const byHook = stages.get(state) ?? new Map<string, readonly Stage[]>()
  stages.set(state, byHook)
  const key = `${layer} ${hook}`
  const registered = byHook.get(key) ?? stagesAt(state, hook, layer)
  byHook.set(key, registered)
  const source = hook === 'POSTROUTING' || hook === 'INPUT'
  return registered.reduce<readonly Decided[]>(
    (all, stage) =>
      onward(all, (one) => {
        const { packet } = one
        if (stage.nat && (!packet.tracked || isBound(packet, source))) return [{ branch: one, decision: next }]
        // Within a nat chain `accept` says that a translation was made; the packet goes on either way.
        const after = stage.run(one).map(({ branch: made, decision }) => ({
          branch: made,
          decision: decision.kind === 'accept' ? next : decision,
        }))
        return hook === 'OUTPUT' ? onward(after, (made) => [routedAgain(state, stage, packet, made)]) : after
      }),
    [{ branch, decision: next }],
  )
}

/**
 * Whether nat has nothing left to say: a translation was made, the packet answers, or it comes back by `lo` and its connection was bound,
 * translated or not, when it went out (Linux net/netfilter/nf_nat_core.c, nf_nat_inet_fn).
 */
const isBound = (packet: Packet, source: boolean): boolean =>
  packet.answers || packet.inDevice === 'lo' || (source ? packet.sourceNat !== null : packet.translated)

/**
 * A changed mark leads elsewhere only where it was changed in `mangle`, or where the packet is routed again for its new destination
 * (Linux net/ipv4/netfilter/iptable_mangle.c, ipt_mangle_out; nf_nat_ipv4_local_fn).
 */
function routedAgain(state: NodeState, { routes, nat }: Stage, before: Packet, after: Branch): Decided {
  const { packet } = after
  const again = (routes && packet.mark !== before.mark) || (nat && !sameAddress(packet.destination, before.destination))
  if (!again) return { branch: after, decision: next }
  const route = routeOut(state, packet)
  const branch = { ...after, packet: { ...packet, routedMark: packet.mark } }
  return leadsNowhere(route)
    ? { branch, decision: { kind: 'no-route', why: whyNoRoute(packet.destination, route) } }
    : { branch, decision: next }
}

function stagesAt(state: NodeState, hook: Hook, layer: Layer): readonly Stage[] {
  const world = worldOf(state)
  const backends = [
    ['nft', state.iptables.nft],
    ['legacy', state.iptables.legacy],
  ] as const
  const iptables = backends.flatMap(([backend, save]) =>
    save === null || layer !== 'ip'
      ? []
      : tablesAt[hook].map(([table, priority]): Stage => ({
          priority,
          nat: table === 'nat',
          routes: table === 'mangle',
          run: (branch) => runBaseChain({ save, backend, table, hook, world }, branch),
        })),
  )
  const families = familiesOf(layer, state)
  const { nft } = state
  const native = (nft?.tables ?? [])
    .filter((table) => families.includes(table.family) && !isIptablesTable(table))
    .flatMap((table) =>
      [...table.chains.values()]
        .filter((chain) => chain.hook?.toUpperCase() === hook)
        .map((chain): Stage => ({
          priority: chain.priority,
          nat: chain.type === 'nat',
          routes: chain.type === 'route',
          run: (branch) =>
            atDevice(state, chain, hook, branch, () =>
              runNativeChain({ file: nft?.file ?? '', table, chain, world }, branch),
            ),
        })),
    )
  const entry = layer === 'ip' && (hook === 'PREROUTING' || hook === 'OUTPUT') ? [conntrack] : []
  const called = layer === 'bridge' && (hook === 'PREROUTING' || hook === 'FORWARD') ? [ofIp(state, hook)] : []
  return [...entry, ...called, ...iptables, ...native].sort((one, other) => one.priority - other.priority)
}

/** The families of tables that a layer asks (nft(8), "Address families"). */
function familiesOf(layer: Layer, { family }: NodeState): readonly string[] {
  switch (layer) {
    case 'ip':
      return [family === 4 ? 'ip' : 'ip6', 'inet']
    case 'device':
      return ['netdev', 'inet']
    default:
      return [layer]
  }
}

/**
 * A chain at `ingress` or `egress` is for some devices. Where they are not printed it may be for this one or not; where it is for a port of the
 * bridge that the packet goes through, it may go by that port or by another.
 */
function atDevice(
  { links }: NodeState,
  { devices }: NftChain,
  hook: Hook,
  branch: Branch,
  run: () => readonly Decided[],
): readonly Decided[] {
  if (hook !== 'INGRESS' && hook !== 'EGRESS') return run()
  const device = hook === 'INGRESS' ? branch.packet.inDevice : branch.packet.outDevice
  if (devices?.includes(device ?? '') === true) return run()
  const maybe =
    devices === null || links.some(({ ifname, master }) => master === device && devices.includes(ifname ?? ''))
  return maybe ? orNot(branch, run()) : [{ branch, decision: next }]
}
