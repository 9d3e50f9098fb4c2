import type { Evidence } from '../evidence/evidence.ts'
import { gap, isGap, type Gap } from '../evidence/gap.ts'
import { perEvidenceBy } from '../evidence/memo.ts'
import { kubernetesFile } from '../evidence/kubernetes/kinds.ts'
import { nodesByName } from '../evidence/kubernetes/nodes-by-name.ts'
import { parseAddress, type Address } from '../net/address.ts'
import { nodeState, type NodeState } from './node-state.ts'
import { tracePacket } from './trace/trace.ts'
import type { Carried, Outcome } from './trace/types.ts'
import { addressOfNode, deviceTo, sourceFor } from './vip-trace.ts'
import type { WayToPod } from './way-to-pod.ts'

/** A node by its name, or a host that is none by its address. */
export type Party = { readonly node: string } | { readonly address: Address }

/** What one party sends to another: to the node itself, or to `destination` behind it (a pod there). */
export interface Call {
  readonly from: Party
  readonly to: Party
  readonly protocol: Carried
  /** Zero where the protocol has no ports. */
  readonly port: number
  readonly destination?: Address
}

/**
 * What the firewalls of the two nodes do with a call. `shut`: the rules of the node `at` drop or reject it whatever else happens, on the way
 * `out` of the sender or `in` at the receiver. `unknown`: a rule that is not known is on the way, or rules were not read (`gaps`).
 */
export type Knock =
  | { readonly answer: 'open' }
  | { readonly answer: 'unknown'; readonly gaps: readonly Gap[] }
  | {
      readonly answer: 'shut'
      readonly at: string
      readonly side: 'in' | 'out'
      readonly outcome: Outcome
      readonly source: Address
      readonly destination: Address
    }

/** Traces a call through the OUTPUT rules of the node that sends it, and through INPUT (or FORWARD, to a pod) of the one that gets it. */
export const knock = perEvidenceBy(
  ({ from, to, protocol, port, destination }: Call) =>
    [partyText(from), partyText(to), protocol, port, destination?.text ?? ''].join(' '),
  traced,
)

const partyText = (party: Party): string => ('node' in party ? party.node : party.address.text)

function traced(evidence: Evidence, { from, to, protocol, port, destination: pod }: Call): Knock {
  const destination = pod ?? addressOf(evidence, to)
  if (destination === null) return missing(to)
  const sender = 'node' in from ? nodeState(evidence, from.node, destination.family) : null
  const source = (sender === null || isGap(sender) ? null : sourceFor(sender, destination)) ?? addressOf(evidence, from)
  if (source === null) return missing(from)
  const start = { source, destination, protocol, destinationPort: port }
  const out =
    sender === null ? open : isGap(sender) ? notRead(sender) : judged(sender, 'out', { ...start, inDevice: null })
  if (out.answer === 'shut' || !('node' in to)) return out
  const receiver = nodeState(evidence, to.node, destination.family)
  const into = isGap(receiver)
    ? notRead(receiver)
    : judged(receiver, 'in', { ...start, inDevice: deviceTo(receiver, source) })
  if (into.answer !== 'open' && out.answer !== 'open')
    return into.answer === 'unknown' ? { answer: 'unknown', gaps: [...out.gaps, ...into.gaps] } : into
  return into.answer === 'open' ? out : into
}

const open: Knock = { answer: 'open' }
const notRead = (gap: Gap): Knock & { readonly answer: 'unknown' } => ({ answer: 'unknown', gaps: [gap] })
const missing = (party: Party): Knock =>
  notRead(gap(kubernetesFile('nodes'), `names no address of ${partyText(party)}`))

/** The first address that other nodes know a node by, IPv4 before IPv6. */
const addressOf = (evidence: Evidence, party: Party): Address | null =>
  'node' in party ? (addressOfNode(evidence, party.node, 4) ?? addressOfNode(evidence, party.node, 6)) : party.address

function judged(state: NodeState, side: 'in' | 'out', start: Parameters<typeof tracePacket>[1]): Knock {
  const outcomes = tracePacket(state, start)
  const [first] = outcomes
  const shut = outcomes.filter(isShut)
  if (first === undefined || shut.length === 0)
    return state.doubts.length > 0 ? { answer: 'unknown', gaps: state.doubts } : open
  // What drops everything drops it whatever the rules do that were not read.
  if (shut.length < outcomes.length || outcomes.some(({ doubt }) => doubt !== null))
    return { answer: 'unknown', gaps: state.doubts }
  return { answer: 'shut', at: state.node, side, outcome: first, source: start.source, destination: start.destination }
}

const isShut = ({ fate }: Outcome): boolean =>
  fate.kind === 'rejected' || (fate.kind === 'dropped' && (fate.by === 'rule' || fate.by === 'policy'))

/** What a tunnel between two nodes sends, there and back; nothing where its protocol or port is not known. */
export function tunnelCalls(
  evidence: Evidence,
  { protocol: number, port }: Extract<WayToPod, { readonly by: 'tunnel' }>,
  one: string,
  other: string,
): readonly Call[] {
  const protocol = number === 4 ? 'ipencap' : 'udp'
  if (protocol === 'udp' && (number !== 17 || port === null)) return []
  const call = (from: string, to: string): Call => {
    const destination = tunnelEnd(evidence, to)
    return {
      from: { node: from },
      to: { node: to },
      protocol,
      port: port ?? 0,
      ...(destination === null ? {} : { destination }),
    }
  }
  return [call(one, other), call(other, one)]
}

/**
 * The address at which the tunnels of a CNI end on a node: as flannel or Calico wrote it onto the Node, else the one that other nodes know.
 * Sources: flannel pkg/subnet/kube (annotation public-ip), projectcalico/calico libcalico-go (annotation IPv4Address).
 */
function tunnelEnd(evidence: Evidence, node: string): Address | null {
  const annotations = nodesByName(evidence).get(node)?.metadata?.annotations ?? {}
  return (
    parseAddress(annotations['flannel.alpha.coreos.com/public-ip']) ??
    parseAddress(annotations['projectcalico.org/IPv4Address']?.split('/')[0]) ??
    addressOf(evidence, { node })
  )
}
