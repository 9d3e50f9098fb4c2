import type { Evidence } from '../evidence/evidence.ts'
import type { Gap } from '../evidence/gap.ts'
import { autopsy, type Autopsy, type Death } from '../node/death.ts'
import type { Step } from '../node/trace/types.ts'
import { nodeOfPod } from '../node/node-of-pod.ts'
import type { Journey } from '../node/vip-trace.ts'
import { translatorOf } from './translator.ts'

/** What one journey was lost by: an autopsy, or what joins it with the other nodes (`death` is then null). */
export interface Loss extends Omit<Autopsy, 'death'> {
  readonly death: Death | null
  /** Why the loss itself is not certain, where the packet's way was. */
  readonly doubt?: Step | Gap | null
}

/**
 * What loses the answer of a packet that a node passes on to a pod of another node with the client's own address: the pod answers the
 * client past the node that translated. Null where the answer comes back through that node.
 */
export function lostAnswer(evidence: Evidence, node: string, journey: Journey): Loss | null {
  const { first, second } = journey
  const { packet } = first
  if (second === null || packet.sourceNat !== null || autopsy(journey) !== null) return null
  // An eBPF program that lets the pod's node answer has told it the VIP (Cilium documentation, "Direct Server Return").
  if (translatorOf(first)?.step.backend === 'ebpf') return null
  // A client that lives on the node itself (the node, a pod of it) gets its answers through the node anyway.
  if (packet.inDevice === null || nodeOfPod(evidence, packet.source) === node) return null
  // What tells it: the rule that sends the packet elsewhere, and what its source was asked about on the way out.
  const by = translatorOf(first)?.step
  const steps = first.steps.filter((step) => step === by || step.hook.toUpperCase() === 'POSTROUTING')
  return { death: null, node: null, outcome: { ...first, steps }, step: steps.at(-1) ?? null }
}
