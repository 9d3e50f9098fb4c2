import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Gap } from '../evidence/gap.ts'
import { objectName } from '../evidence/kubernetes/kinds.ts'
import { clientText, type Question } from '../evidence/question.ts'
import { podsAt } from '../evidence/kubernetes/pods.ts'
import { addressAndPort, type Port } from '../net/port.ts'
import type { DroppedBy, Outcome, Step } from '../node/trace/types.ts'
import { traceVip, type TracedPart } from '../journey/vip-trace.ts'
import type { Journey } from '../node/vip-trace.ts'

/** One packet at one node as it is reported. `gap` is why nothing can be said; there are then no parts. */
export interface TracedPacket {
  readonly address: string
  readonly port: Port
  readonly node: string
  readonly client: string
  readonly gap: Gap | null
  /** What might hold rules too and was not seen. */
  readonly doubts: readonly Gap[]
  readonly parts: readonly {
    readonly source: string
    readonly clients: string
    /** How it comes in, as a phrase. */
    readonly from: string
    readonly journeys: readonly TracedJourney[]
  }[]
}

/** One way that the packet may take. `probability` is its share of the packets; `certain` is false where a rule on it was not known. */
export interface TracedJourney {
  readonly probability: number
  readonly certain: boolean
  readonly hops: readonly TracedHop[]
}

/** What one node does with the packet. `gap` is set where that node's rules are not known. */
export interface TracedHop {
  readonly node: string
  readonly fate: Outcome['fate']['kind'] | null
  /** What dropped it; null where it was not dropped. */
  readonly by: DroppedBy | null
  readonly destination: string | null
  readonly port: number | null
  /** A sentence without its full stop. */
  readonly says: string
  /** The first rule on the way of which it is not known whether it applies or what it does. */
  readonly doubt: Step | null
  readonly steps: readonly Step[]
  readonly gap: Gap | null
}

/** Traces a question's packet at a node. */
export function tracedPacket(evidence: Evidence, question: Question, node: string): TracedPacket {
  const trace = traceVip(evidence, question, node)
  return {
    address: question.vip?.text ?? '',
    port: question.port,
    node,
    client: clientText(question.client),
    gap: isGap(trace) ? trace : null,
    doubts: isGap(trace) ? [] : trace.doubts,
    parts: isGap(trace) ? [] : trace.parts.map((part) => partOf(evidence, question, node, part)),
  }
}

function partOf(
  evidence: Evidence,
  { client }: Question,
  node: string,
  part: TracedPart,
): TracedPacket['parts'][number] {
  const inDevice = part.journeys[0]?.first.packet.inDevice ?? null
  const own = client.kind === 'node' && client.name === node
  return {
    source: part.source.text,
    clients: part.clients,
    from: own || inDevice === null ? 'sent by the node itself' : `coming in by ${inDevice}`,
    journeys: part.journeys.map((journey) => journeyOf(evidence, node, journey)),
  }
}

function journeyOf(evidence: Evidence, node: string, { first, second, probability }: Journey): TracedJourney {
  const here = hopOf(evidence, node, first)
  if (second === null) return { probability, certain: here.doubt === null, hops: [here] }
  const there = isGap(second.outcome)
    ? unknownHop(second.node, second.outcome)
    : hopOf(evidence, second.node, second.outcome)
  return {
    probability,
    certain: here.doubt === null && there.doubt === null && there.gap === null,
    hops: [here, there],
  }
}

const unknownHop = (node: string, gap: Gap): TracedHop => ({
  node,
  fate: null,
  by: null,
  destination: null,
  port: null,
  says: `not known: ${gap.source}: ${gap.reason}`,
  doubt: null,
  steps: [],
  gap,
})

function hopOf(evidence: Evidence, node: string, outcome: Outcome): TracedHop {
  const { fate, packet, doubt, steps } = outcome
  return {
    node,
    fate: fate.kind,
    by: fate.kind === 'dropped' ? fate.by : null,
    destination: packet.destination.text,
    port: packet.destinationPort,
    says: sentence(evidence, node, outcome),
    doubt,
    steps,
    gap: null,
  }
}

function sentence(evidence: Evidence, node: string, { fate, packet }: Outcome): string {
  const place = addressAndPort(packet.destination.text, packet.destinationPort)
  const [pod] = podsAt(evidence, packet.destination)
  const end = pod === undefined ? place : `${place} (pod ${objectName(pod)})`
  switch (fate.kind) {
    case 'delivered':
      return `translated to ${end} and sent on ${wayOut(fate)}${sourceText(packet.sourceNat)}`
    case 'forwarded':
      return `sent on to ${end}, not translated, ${wayOut(fate)}${sourceText(packet.sourceNat)}`
    case 'local':
      return packet.translated
        ? `translated to ${end}, a socket of ${node}`
        : `handed to a socket of ${node} at ${place}`
    case 'rejected':
      return `rejected with ${fate.with}, on its way to ${end}`
    case 'dropped':
      return `dropped on its way to ${end}: ${fate.why}`
    case 'no-route':
      return `undeliverable: ${fate.why}`
  }
}

function wayOut({
  device,
  gateway,
}: {
  readonly device: string | null
  readonly gateway: { readonly text: string } | null
}): string {
  return `by ${device ?? 'an unnamed device'}${gateway === null ? '' : ` via ${gateway.text}`}`
}

function sourceText(sourceNat: Outcome['packet']['sourceNat']): string {
  if (sourceNat === null) return ''
  return sourceNat === 'masquerade' ? ', masqueraded' : `, from ${sourceNat.text}`
}
