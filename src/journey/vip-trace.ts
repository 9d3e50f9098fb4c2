import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, type Gap, type Known } from '../evidence/gap.ts'
import { kubernetesFile, objectName } from '../evidence/kubernetes/kinds.ts'
import { podNamed } from '../evidence/kubernetes/pods.ts'
import { nodeFile } from '../evidence/node/kinds.ts'
import { clientText, type Question, serviceOf } from '../evidence/question.ts'
import { parseAddress, type Address } from '../net/address.ts'
import { prefixesOf, rangeText, type Range } from '../net/range.ts'
import { autopsy } from '../node/death.ts'
import { isTunnel } from '../node/devices.ts'
import { nodeState, type NodeState } from '../node/node-state.ts'
import { lookUpRoute } from '../node/trace/route.ts'
import type { Start } from '../node/trace/start.ts'
import { nodeOfPod } from '../node/node-of-pod.ts'
import { addressOfNode, deviceTo, journeys, sourceFor, type Journey } from '../node/vip-trace.ts'
import { arrivalDevices } from './arrival.ts'
import { clientParts } from './client-parts.ts'
import { perEvidenceBy } from '../evidence/memo.ts'

/** The journeys of one part of the clients: all whose addresses no rule of the Service tells apart, traced with one of them. */
export interface TracedPart {
  readonly source: Address
  readonly clients: string
  /** All of their addresses, as a firewall's rule names them. */
  readonly addresses: readonly string[]
  readonly journeys: readonly Journey[]
}

/** The packet on one node, a part of the clients each. `doubts` are what was not read there. */
export interface VipTrace {
  readonly node: string
  readonly parts: readonly TracedPart[]
  readonly doubts: readonly Gap[]
}

/** Traces the question's packet on one node; the same question is traced once, whichever checks ask. */
export const traceVip = perEvidenceBy(keyOf, (evidence, question: Question, node: string): Known<VipTrace> => {
  if (question.vip === null) return noVip
  const state = nodeState(evidence, node, question.vip.family)
  return isGap(state) ? state : traceOn(evidence, question, state)
})

/** What a trace depends on. */
function keyOf(question: Question, node: string): string {
  const { vip, port, client, fabric, vpcId } = question
  const service = serviceOf(question)
  return JSON.stringify([
    node,
    vip?.text,
    port.protocol,
    port.port,
    service === null ? null : objectName(service),
    clientText(client),
    fabric,
    vpcId,
  ])
}

const noVip = gap(kubernetesFile('services'), 'the Service has no VIP yet')

/** Traces the question's packet on a node as `state` describes it, which need not be as it was found. */
export function traceOn(evidence: Evidence, question: Question, state: NodeState): Known<VipTrace> {
  const { vip } = question
  if (vip === null) return noVip
  const parts = partsOf(evidence, question, state, vip)
  if (isGap(parts)) return parts
  const traced = parts.map(({ clients, range, start, devices }) => {
    const ways = devices.map((inDevice) => journeys(evidence, state, { ...start, inDevice }))
    const addresses = range === null ? [start.source.text] : prefixesOf(range).map(({ text }) => text)
    return { clients, source: start.source, addresses, ways }
  })
  const split = traced.some(({ ways }) => new Set(ways.map(ends)).size > 1)
  const devices = parts.flatMap((part) => part.devices)
  // Another host of the subnet stands in a network that only the node's addresses tell.
  const { ipAddr } = evidence.node(state.node)
  const unplaced = question.client.kind === 'vpc' && isGap(ipAddr) ? [ipAddr] : []
  return {
    node: state.node,
    doubts: [...state.doubts, ...unplaced, ...(split ? [severalDevices(state.node, vip, devices)] : [])],
    parts: traced.map(({ ways, ...part }) => ({ ...part, journeys: ways[0] ?? [] })),
  }
}

/** What becomes of packets, to be compared. */
const ends = (of: readonly Journey[]): string =>
  JSON.stringify(of.map((journey) => [journey.first.fate.kind, autopsy(journey)?.death]))

const severalDevices = (node: string, vip: Address, devices: readonly (string | null)[]): Gap =>
  gap(
    nodeFile(node, 'ipAddr'),
    `packets for ${vip.text} may come in by ${[...new Set(devices)].join(' or ')}, and ${node} treats them differently`,
  )

interface Part {
  readonly clients: string
  /** Null where it is one address. */
  readonly range: Range | null
  readonly start: Omit<Start, 'inDevice'>
  /** By which it may come in, the likeliest first; null alone where the node itself sends it. */
  readonly devices: readonly (string | null)[]
}

/** Where the packet starts, for each part of the clients. */
function partsOf(evidence: Evidence, question: Question, state: NodeState, vip: Address): Known<readonly Part[]> {
  const { client, port } = question
  const rest = { destination: vip, protocol: port.protocol, destinationPort: port.port }
  const facing = arrivalDevices(evidence, question, state)
  if (client.kind === 'node') {
    const here = client.name === state.node
    const source = (here ? sourceFor(state, vip) : null) ?? addressOfNode(evidence, client.name, vip.family)
    if (source === null) return gap(kubernetesFile('nodes'), `${client.name} has no address of the VIP's family`)
    const devices = here ? [null] : devicesFrom(evidence, facing, state, source)
    return [{ clients: `node ${client.name}`, range: null, start: { ...rest, source }, devices }]
  }
  if (client.kind === 'pod') {
    const pod = podNamed(evidence, `${client.namespace}/${client.name}`)
    const source = parseAddress(pod?.status?.podIP)
    if (source === null) return gap(kubernetesFile('pods'), `pod ${client.namespace}/${client.name} has no address`)
    const devices = pod?.spec?.hostNetwork === true ? [null] : [deviceTo(state, source)]
    return [{ clients: `pod ${client.namespace}/${client.name}`, range: null, start: { ...rest, source }, devices }]
  }
  return clientParts(evidence, question, state, vip, facing).map(({ range, source }) => ({
    clients: client.kind === 'address' ? source.text : rangeText(range),
    range: client.kind === 'address' ? null : range,
    start: { ...rest, source },
    // An address of the node itself, loopback included, never comes in from outside.
    devices: isOwn(state, source) ? [null] : devicesFrom(evidence, facing, state, source),
  }))
}

/** The devices by which packets from an address come in, of those that face the VIP; where the network tells none, the one that leads back to it. */
function devicesFrom(
  evidence: Evidence,
  facing: readonly string[],
  state: NodeState,
  source: Address,
): readonly (string | null)[] {
  const back = deviceTo(state, source)
  if (nodeOfPod(evidence, source) === state.node) return [back]
  if (facing.length === 0) return [back]
  // A client behind a tunnel that ends on the node comes in by it, or else as all others do.
  const tunnel = back !== null && isTunnel(state, back) ? [back] : []
  return [...facing, ...tunnel].sort((one, other) => Number(other === back) - Number(one === back))
}

const isOwn = (state: NodeState, source: Address): boolean =>
  lookUpRoute(state, { source, destination: source, mark: 0, inDevice: null })?.type === 'local'
