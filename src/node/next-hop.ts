import type { Evidence } from '../evidence/evidence.ts'
import { isGap } from '../evidence/gap.ts'
import { parseAddress, sameAddress, type Address } from '../net/address.ts'
import { isDown } from './devices.ts'
import { nodeState, type NodeState } from './node-state.ts'
import { lookUpRoute, type RouteDecision } from './trace/route.ts'
import type { Outcome } from './trace/types.ts'
import { nodeOfPod } from './node-of-pod.ts'
import { addressOfNode, type Journey } from './vip-trace.ts'

/**
 * Where a node sends packets for a pod and the pod's node does not get them: to a gateway that is another node, to the default gateway, to a
 * host that is neither, or onto its own bridge. `peer` is a node that sends them to the pod's node itself, where that is how it is known.
 */
export interface Astray {
  readonly pod: Address
  /** The pod's own node. */
  readonly home: string
  readonly to: 'gateway' | 'stranger' | 'node' | 'bridge'
  /** The gateway's address, the other node's name, or the bridge's. */
  readonly name: string
  readonly peer: string | null
}

/** Why a pod's own node does not hand it the packet: its routes send it out again to a gateway, or lead to a device that is down. */
export interface Missed {
  readonly pod: Address
  readonly by: 'gateway' | 'device-down'
  /** The gateway's address, or the device's name. */
  readonly name: string
}

/** Judges what the pod's own node did with a packet for it; null where it leads to the pod, or nothing says that it does not. */
export function missed(state: NodeState, { fate, packet }: Outcome): Missed | null {
  if (fate.kind !== 'delivered' && fate.kind !== 'forwarded') return null
  const { device, gateway } = fate
  if (device === null) return null
  const pod = packet.destination
  // What does not leave by the node's uplink stays in the CNI's hands: cilium_host and ovn-k8s-mp0 have gateways of their own.
  if (gateway !== null) return device === uplink(state) ? { pod, by: 'gateway', name: gateway.text } : null
  const link = state.links.find(({ ifname }) => ifname === device)
  return link !== undefined && isDown(link) ? { pod, by: 'device-down', name: device } : null
}

/** Bridges of CNI plugins and of Docker: behind them are pods of the same node alone. */
const bridges = /^(cni\d+|cnio\d+|cbr\d+|docker0|kube-bridge)$/

/** Judges the way that the node's routing table gives a translated packet; null where it is right, or nothing says that it is wrong. */
export function astray(evidence: Evidence, node: string, { first }: Journey, routed: boolean): Astray | null {
  const { fate, packet } = first
  if (fate.kind !== 'delivered') return null
  const pod = packet.destination
  const home = nodeOfPod(evidence, pod)
  const state = nodeState(evidence, node, pod.family)
  if (home === null || isGap(state)) return null
  const { device, gateway } = fate
  const found = (to: Astray['to'], name: string, peer: string | null = null): Astray => ({ pod, home, to, name, peer })
  if (gateway === null) return home !== node && device !== null && bridges.test(device) ? found('bridge', device) : null
  const through = nodeOfPod(evidence, gateway)
  if (through === home && home !== node) return null
  if (through !== null && through !== node)
    return passesOn(evidence, through, home, pod) ? null : found('node', through)
  // What does not leave by the node's uplink stays in the CNI's hands: cilium_host and ovn-k8s-mp0 have gateways of their own.
  if (device === null || device !== uplink(state)) return null
  if (home === node || routed) return null
  const peer = peerOf(evidence, node, home, pod)
  const address = addressOfNode(evidence, home, pod.family)
  const neighbours = address !== null && wayOf(state, address)?.gateway === null
  const to = sameAddress(defaultWay(state)?.gateway ?? null, gateway) ? 'gateway' : 'stranger'
  return peer !== null && neighbours ? found(to, gateway.text, peer) : null
}

/** A host that is no node and not the default gateway, to which a node sends packets for a pod of another node. */
export interface Stranger {
  readonly pod: Address
  readonly home: string
  readonly name: string
}

/** Where the routing table gives a packet for a pod to such a host: whether that one passes it on is in no evidence. Null where it does not. */
export function stranger(evidence: Evidence, node: string, { first }: Journey): Stranger | null {
  const { fate, packet } = first
  if (fate.kind !== 'delivered' || fate.gateway === null) return null
  const { device, gateway } = fate
  const pod = packet.destination
  const home = nodeOfPod(evidence, pod)
  const state = nodeState(evidence, node, pod.family)
  if (home === null || home === node || isGap(state)) return null
  const address = addressOfNode(evidence, home, pod.family)
  // A node that is reached through a gateway itself has its pods behind the same one.
  if (address === null || wayOf(state, address)?.gateway !== null) return null
  const far = defaultWay(state)
  return device === far?.device && gateway.text !== far.gateway?.text && nodeOfPod(evidence, gateway) === null
    ? { pod, home, name: gateway.text }
    : null
}

const wayOf = (state: NodeState, destination: Address): RouteDecision | null =>
  lookUpRoute(state, { source: destination, destination, mark: 0, inDevice: null })

/** The way by the default route. */
function defaultWay(state: NodeState): RouteDecision | null {
  const far = parseAddress(state.family === 4 ? '203.0.113.1' : '2001:db8::1')
  return far === null ? null : wayOf(state, far)
}

/** The device of the default route. */
const uplink = (state: NodeState): string | null => defaultWay(state)?.device ?? null

/** Whether a node in between sends the packet on to the pod's node; one that was not read counts as if it did. */
function passesOn(evidence: Evidence, through: string, home: string, pod: Address): boolean {
  const state = nodeState(evidence, through, pod.family)
  if (isGap(state)) return true
  const way = wayOf(state, pod)
  if (way === null) return false
  if (way.gateway === null) return way.device === null || !bridges.test(way.device)
  const next = nodeOfPod(evidence, way.gateway)
  return next === home || (next === null && way.device !== uplink(state))
}

/** Another node, of the first twenty that were read, that sends packets for the pod to the pod's node itself. */
function peerOf(evidence: Evidence, node: string, home: string, pod: Address): string | null {
  return (
    evidence.nodeNames.slice(0, 20).find((other) => {
      if (other === node || other === home) return false
      const state = nodeState(evidence, other, pod.family)
      const gateway = isGap(state) ? null : (wayOf(state, pod)?.gateway ?? null)
      return gateway !== null && nodeOfPod(evidence, gateway) === home
    }) ?? null
  )
}
