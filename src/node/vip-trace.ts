import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Gap, type Known } from '../evidence/gap.ts'
import { nodesByName } from '../evidence/kubernetes/nodes-by-name.ts'
import { perEvidenceAnd } from '../evidence/memo.ts'
import { parseAddress, type Address, type Family } from '../net/address.ts'
import { nodeOfPod } from './node-of-pod.ts'
import { nodeState, type NodeState } from './node-state.ts'
import { lookUpRoute } from './trace/route.ts'
import type { Start } from './trace/start.ts'
import { tracePacket } from './trace/trace.ts'
import type { Outcome, Packet } from './trace/types.ts'

/** What became of the packet on the node that receives it and, where it was sent on to a pod of another node, there. */
export interface Journey {
  readonly first: Outcome
  /**
   * The node of the pod and what it did; null where the pod is local, or the packet got no further. A gap where that node is not known.
   * `doubts` are what might hold rules there, too, and was not read.
   */
  readonly second: {
    readonly node: string
    readonly outcome: Known<Outcome>
    readonly doubts: readonly Gap[]
  } | null
  /** Share of the packets of its part: the probabilities of both hops. */
  readonly probability: number
}

/** The device by which packets from an address come in: the one that leads back to it. */
export const deviceTo = (state: NodeState, source: Address): string | null =>
  lookUpRoute(state, { source, destination: source, mark: 0, inDevice: null })?.device ?? null

/** The address that the node itself sends from, as the route to the destination prefers it, else its own on that device. */
export function sourceFor(state: NodeState, destination: Address): Address | null {
  const route = lookUpRoute(state, { source: destination, destination, mark: 0, inDevice: null })
  const preferred = parseAddress(route?.route.prefsrc)
  if (preferred !== null) return preferred
  const held = state.addresses
    .filter(({ ifname }) => ifname === route?.device)
    .flatMap(({ addr_info }) => addr_info ?? [])
  return (
    held
      .flatMap(({ local, scope }) => (scope === 'global' ? (parseAddress(local) ?? []) : []))
      .find(({ family }) => family === destination.family) ?? null
  )
}

/** The address by which a node’s Node object says it is reached in the cluster, of one family; null where it names none. */
export const addressOfNode = (evidence: Evidence, node: string, family: Family): Address | null =>
  internalAddresses(evidence, node).find((one) => one.family === family) ?? null

const internalAddresses = perEvidenceAnd((evidence: Evidence, node: string): readonly Address[] =>
  (nodesByName(evidence).get(node)?.status?.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .flatMap(({ address }) => parseAddress(address) ?? []),
)

/** What becomes of a packet on a node and, where it is sent on to a pod of another one, there. */
export function journeys(evidence: Evidence, state: NodeState, start: Start): readonly Journey[] {
  return tracePacket(state, start).flatMap((first) => journeysOf(evidence, state, first))
}

/** Follows a packet that was sent on to a pod of another node. */
function journeysOf(evidence: Evidence, state: NodeState, first: Outcome): readonly Journey[] {
  const alone = [{ first, second: null, probability: first.probability }]
  if (first.fate.kind !== 'delivered') return alone
  const node = nodeOfPod(evidence, first.packet.destination)
  if (node === null || node === state.node) return alone
  const found = nodeState(evidence, node, state.family)
  const there = isGap(found) || state.taken === undefined ? found : { ...found, taken: state.taken }
  if (isGap(there)) return [{ first, second: { node, outcome: there, doubts: [] }, probability: first.probability }]
  const { packet } = first
  const source = sourceBehind(state, packet)
  const start: Start = {
    source,
    destination: packet.destination,
    protocol: packet.protocol,
    destinationPort: packet.destinationPort,
    sourcePort: packet.sourcePort,
    inDevice: deviceTo(there, source),
  }
  return tracePacket(there, start).map((outcome) => ({
    first,
    second: { node, outcome, doubts: there.doubts },
    probability: first.probability * outcome.probability,
  }))
}

/** The source that a packet carries when it leaves a node. */
export const sourceBehind = (state: NodeState, { source, sourceNat, destination }: Packet): Address =>
  sourceNat === 'masquerade' ? (sourceFor(state, destination) ?? state.internal ?? source) : (sourceNat ?? source)
