import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, known, type Gap, type Known } from '../evidence/gap.ts'
import { kubernetesFile, objectName } from '../evidence/kubernetes/kinds.ts'
import type { Question } from '../evidence/question.ts'
import { nodeNamesByAddress } from '../evidence/kubernetes/nodes-by-name.ts'
import { podNamed, podsAt } from '../evidence/kubernetes/pods.ts'
import { addressOf, parseAddress, type Address, type Family } from '../net/address.ts'
import {
  intersect,
  parseCidr,
  parseCidrOrAddress,
  rangeHas,
  rangeText,
  sizeOf,
  subtract,
  type Range,
} from '../net/range.ts'
import { nodeState, type NodeState } from './node-state.ts'
import { lookUpRoute } from './trace/route.ts'
import { tracePacket, type Start } from './trace/trace.ts'
import type { Outcome } from './trace/types.ts'

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

/** The journeys of one part of the clients: all whose addresses no rule of the Service tells apart, traced with one of them. */
export interface TracedPart {
  readonly source: Address
  readonly clients: string
  readonly journeys: readonly Journey[]
}

export interface VipTrace {
  readonly node: string
  readonly parts: readonly TracedPart[]
  readonly doubts: readonly Gap[]
}

const traces = new WeakMap<Evidence, Map<string, Known<VipTrace>>>()

/** Traces the question's packet on one node; the same question is traced once, whichever checks ask. */
export function traceVip(evidence: Evidence, question: Question, node: string): Known<VipTrace> {
  const byKey = traces.get(evidence) ?? new Map<string, Known<VipTrace>>()
  traces.set(evidence, byKey)
  const { vip, port, service, client } = question
  const key = JSON.stringify(
    [node, vip?.text, port, service === null ? null : objectName(service), client],
    (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  )
  const trace = byKey.get(key) ?? read(evidence, question, node)
  byKey.set(key, trace)
  return trace
}

function read(evidence: Evidence, question: Question, node: string): Known<VipTrace> {
  const { vip } = question
  if (vip === null) return noVip
  const state = nodeState(evidence, node, vip.family)
  return isGap(state) ? state : traceOn(evidence, question, state)
}

const noVip = gap(kubernetesFile('services'), 'the Service has no VIP yet')

/** Traces the question's packet on a node as `state` describes it, which need not be as it was found. */
export function traceOn(evidence: Evidence, question: Question, state: NodeState): Known<VipTrace> {
  const { vip } = question
  if (vip === null) return noVip
  const starts = startsOf(evidence, question, state, vip)
  if (isGap(starts)) return starts
  return {
    node: state.node,
    doubts: state.doubts,
    parts: starts.map(({ clients, start }) => ({
      clients,
      source: start.source,
      journeys: journeys(evidence, state, start),
    })),
  }
}

interface Part {
  readonly clients: string
  readonly start: Start
}

/** Where the packet starts, for each part of the clients. */
function startsOf(evidence: Evidence, question: Question, state: NodeState, vip: Address): Known<readonly Part[]> {
  const { client, port } = question
  const rest = { destination: vip, protocol: port.protocol, destinationPort: port.port }
  if (client.kind === 'node') {
    const source = client.name === state.node ? sourceFor(state, vip) : addressOfNode(evidence, client.name, vip.family)
    if (source === null) return gap(kubernetesFile('nodes'), `${client.name} has no address of the VIP's family`)
    return [
      {
        clients: `node ${client.name}`,
        start: { ...rest, source, inDevice: client.name === state.node ? null : deviceTo(state, source) },
      },
    ]
  }
  if (client.kind === 'pod') {
    const pod = podNamed(evidence, `${client.namespace}/${client.name}`)
    const source = parseAddress(pod?.status?.podIP)
    if (source === null) return gap(kubernetesFile('pods'), `pod ${client.namespace}/${client.name} has no address`)
    return [
      {
        clients: `pod ${client.namespace}/${client.name}`,
        start: { ...rest, source, inDevice: pod?.spec?.hostNetwork === true ? null : deviceTo(state, source) },
      },
    ]
  }
  return clientParts(evidence, question, state, vip).map(({ range, source }) => ({
    clients: client.kind === 'address' ? source.text : rangeText(range),
    // An address of the node itself, loopback included, never comes in from outside.
    start: { ...rest, source, inDevice: isOwn(state, source) ? null : deviceTo(state, source) },
  }))
}

const isOwn = (state: NodeState, source: Address): boolean =>
  lookUpRoute(state, { source, destination: source, mark: 0, inDevice: null })?.type === 'local'

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

export function addressOfNode(evidence: Evidence, node: string, family: Family): Address | null {
  const object = known(evidence.kubernetes.nodes)?.find(({ metadata }) => metadata?.name === node)
  const own = (object?.status?.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .flatMap(({ address }) => parseAddress(address) ?? [])
  return own.find((one) => one.family === family) ?? null
}

const anywhere = { 4: '0.0.0.0/0', 6: '::/0' } as const

/** The clients as ranges that the Service's source ranges do not cut, each with one address to trace with. */
function clientParts(
  evidence: Evidence,
  { client, service }: Question,
  state: NodeState,
  vip: Address,
): readonly { range: Range; source: Address }[] {
  const ranges = (service?.spec?.loadBalancerSourceRanges ?? []).flatMap(
    (text) => parseCidrOrAddress(text.trim()) ?? [],
  )
  const whole = wholeRange(client, state, vip)
  const taken = takenAddresses(evidence, state, vip)
  const inside = ranges.flatMap((range) => intersect(range, whole) ?? [])
  const outside = inside.reduce<readonly Range[]>((rest, range) => subtract(rest, range), [whole])
  return [...inside, ...outside].flatMap((range) => {
    const source = client.kind === 'address' ? client.address : freeAddress(range, taken)
    return source === null ? [] : [{ range, source }]
  })
}

function wholeRange(client: Question['client'], state: NodeState, vip: Address): Range {
  const everywhere = parseCidr(anywhere[vip.family]) ?? { family: vip.family, first: 0n, last: 0n }
  if (client.kind === 'address')
    return { family: client.address.family, first: client.address.value, last: client.address.value }
  if (client.kind === 'cidr') return client.cidr
  if (client.kind === 'internet') return everywhere
  return subnetOf(state, vip.family) ?? everywhere
}

/** The network of the device that the node's default route leaves by: where another host of its subnet stands. */
function subnetOf(state: NodeState, family: Family): Range | null {
  const far = parseAddress(family === 4 ? '203.0.113.1' : '2001:db8::1')
  const device =
    far === null
      ? null
      : (lookUpRoute(state, { source: far, destination: far, mark: 0, inDevice: null })?.device ?? null)
  const links =
    device === null
      ? state.addresses.filter(({ ifname }) => ifname !== 'lo' && ifname?.startsWith('cni') !== true)
      : state.addresses.filter(({ ifname }) => ifname === device)
  const held = links
    .flatMap(({ addr_info }) => addr_info ?? [])
    .filter(({ scope, prefixlen = 0 }) => scope === 'global' && prefixlen < (family === 4 ? 32 : 128))
  return (
    held.flatMap(({ local, prefixlen }) =>
      parseAddress(local)?.family === family ? (parseCidr(`${local ?? ''}/${String(prefixlen)}`) ?? []) : [],
    )[0] ?? null
  )
}

function takenAddresses(evidence: Evidence, state: NodeState, vip: Address): ReadonlySet<string> {
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ status }) =>
    (status?.addresses ?? []).flatMap(({ address }) => address ?? []),
  )
  const own = state.addresses.flatMap(({ addr_info }) => (addr_info ?? []).flatMap(({ local }) => local ?? []))
  const gateways = state.routes.flatMap(({ gateway }) => gateway ?? [])
  return new Set([...nodes, ...own, ...gateways, vip.text])
}

/** An address of a range that nobody is known to have, from its upper end; in a range of one, that one. */
function freeAddress(range: Range, taken: ReadonlySet<string>): Address | null {
  const many = sizeOf(range)
  for (let step = 0n; step < many && step < 1024n; step += 1n) {
    const address = addressOf(range.family, range.last - step - (many > 2n ? 1n : 0n))
    if (rangeHas(range, address) && !taken.has(address.text)) return address
  }
  return null
}

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
  const there = nodeState(evidence, node, state.family)
  if (isGap(there)) return [{ first, second: { node, outcome: there, doubts: [] }, probability: first.probability }]
  const { packet } = first
  const source =
    packet.sourceNat === 'masquerade'
      ? (sourceFor(state, packet.destination) ?? packet.source)
      : (packet.sourceNat ?? packet.source)
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

/** The node that an address lives on: a pod's, or the node's own. */
export const nodeOfPod = (evidence: Evidence, address: Address): string | null =>
  nodeNamesByAddress(evidence).get(address.text) ??
  podsAt(evidence, address).findLast(({ spec }) => spec?.nodeName !== undefined)?.spec?.nodeName ??
  null
