import type { Proof } from '../evidence/cite.ts'
import type { NetworkInterface } from '../evidence/ec2/kinds.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, type Known } from '../evidence/gap.ts'
import type { Address } from '../net/address.ts'
import { encapsulationOf, type Encapsulation } from '../node/encapsulation.ts'
import { wayToPod, type WayToPod } from '../node/way-to-pod.ts'
import { hasPorts, protocolText } from '../fabric/ec2/ip-protocol.ts'
import { judgeNodeFlow, primaryAddress, type NodeFlowJudgement } from '../fabric/ec2/node-flow.ts'

/** What the wire between two nodes sees of a packet for a pod: the packet, or a tunnel around it. */
export type Wire = Encapsulation | { readonly by: 'itself'; readonly proof: null }

/** The packet on the wire as it is, in no tunnel. */
export const itself: Wire = { by: 'itself', proof: null }

/** Where it stands that a tunnel carries the packet, or that none does. */
export const wireProof = (wire: Known<Wire>): readonly Proof[] =>
  isGap(wire) || wire.proof === null ? [] : [wire.proof]

/** A packet from a node to a pod on another node, between two interfaces of the VPC. */
export interface Sent {
  readonly node: string
  readonly home: string
  readonly from: NetworkInterface
  readonly to: NetworkInterface
  readonly pod: Address
  /** Whether an interface holds the pod's address: then the VPC delivers to the pod as to any host. */
  readonly held: boolean
}

/** By the sending node's own routes; where they were not read, by who holds the pod's address, or by the settings of the CNI plugin. */
export function wireOf(
  evidence: Evidence,
  way: Known<WayToPod>,
  { node, home, from, to, pod, held }: Sent,
): Known<Wire> {
  if (!isGap(way)) {
    if (way.by !== 'tunnel') return itself
    if (!hasPorts(way.protocol) || way.port !== null) return way
    return gap(`nodes/${node}/ip-link.json`, `does not say the UDP port of ${way.device}`)
  }
  if (held) return itself
  const sameSubnet = from.SubnetId !== undefined && from.SubnetId === to.SubnetId
  return encapsulationOf(evidence, { home, pod, sameSubnet }) ?? way
}

/** The same for a packet of which only the ends are known. */
export const wireTo = (evidence: Evidence, sent: Sent): Known<Wire> =>
  wireOf(evidence, wayToPod(evidence, sent.node, sent.pod), sent)

/** What is sent between two nodes; `pod` is null where the pod has no address yet. */
export interface Passed {
  readonly from: NetworkInterface
  readonly to: NetworkInterface
  readonly source: Address
  readonly pod: Address | null
  readonly protocol: number
  readonly port: number
  readonly wire: Known<Wire>
}

/** How the security groups judge what is passed on, and as what they see it. */
export interface PassedJudgement extends NodeFlowJudgement {
  readonly protocol: number
  readonly port: number | null
}

/** What the groups see, in words: `udp/4789`, `protocol 4`. */
export const passedText = ({ protocol, port }: PassedJudgement): string =>
  port === null ? protocolText(protocol) : `${protocolText(protocol)}/${String(port)}`

/**
 * Judges what the wire sees. Where that is not known, only rules for every protocol answer: they admit the packet and any tunnel. Null for a
 * node without an address in the packet's family.
 */
export function judgePassed(evidence: Evidence, passed: Passed): PassedJudgement | null {
  const { from, to, source, pod, protocol, port, wire } = passed
  const node = primaryAddress(to, source.family)
  if (node === null) return null
  const ends = { from, to, source }
  if (isGap(wire)) {
    const any = { protocol: null, port: null }
    const judged = [pod ?? node, node].map((destination) => judgeNodeFlow(evidence, { ...ends, ...any, destination }))
    const [first, second] = judged as [NodeFlowJudgement, NodeFlowJudgement]
    const worst = first.answer === 'admitted' ? second : first
    const answer = worst.answer === 'admitted' ? 'admitted' : 'unknown'
    const gaps = answer === 'admitted' ? [] : [wire, ...worst.gaps]
    return { ...worst, answer, gaps, protocol, port }
  }
  if (wire.by === 'tunnel') {
    const outer = { protocol: wire.protocol, port: wire.port }
    return { ...judgeNodeFlow(evidence, { ...ends, ...outer, destination: node }), ...outer }
  }
  return { ...judgeNodeFlow(evidence, { ...ends, protocol, port, destination: pod ?? node }), protocol, port }
}
