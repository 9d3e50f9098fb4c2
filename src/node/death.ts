import type { Journey } from './vip-trace.ts'
import type { Outcome, Step } from './trace/types.ts'

/** Why a packet never reached a pod, told apart by the rule that decided. `untranslated` is what nothing turned into a pod's address, `missing-backend` what an eBPF program's table sends to an entry that it lacks, `vip-route-dead` what the sending node's own routes drop. */
export type Death =
  | 'no-endpoints'
  | 'no-local-endpoint'
  | 'missing-backend'
  | 'source-ranges'
  | 'untranslated'
  | 'forward-off'
  | 'reverse-path'
  | 'no-route'
  | 'vip-route-dead'
  | 'filtered-before'
  | 'filtered-after'

/** What one journey died of, where, and by which rule; null where it reached a pod. `node` is the second one where it died there. */
export interface Autopsy {
  readonly death: Death
  readonly node: string | null
  readonly outcome: Outcome
  readonly step: Step | null
}

/** Where and why a packet died on its way over one or two nodes; null where it did not, or the second node was not read. */
export function autopsy({ first, second }: Journey): Autopsy | null {
  const death = deathOf(first)
  if (death !== null) return { death, node: null, outcome: first, step: first.steps.at(-1) ?? null }
  if (second === null || 'gap' in second.outcome) return null
  // On the pod's node the packet is plain traffic: it need not be translated again.
  const outcome = second.outcome
  const later =
    outcome.fate.kind === 'forwarded' || outcome.fate.kind === 'delivered'
      ? null
      : outcome.fate.kind === 'local'
        ? null
        : (deathOf(outcome) ?? 'filtered-after')
  return later === null
    ? null
    : {
        death: later === 'filtered-before' ? 'filtered-after' : later,
        node: second.node,
        outcome,
        step: outcome.steps.at(-1) ?? null,
      }
}

/**
 * Whether the packet passed the rules that translate as it came, whatever became of it then: with forwarding on, and no drop in FORWARD, nothing
 * would translate it either. What kube-proxy refuses for want of an endpoint is not meant: it has no rule then that would.
 */
export function passesUntranslated({ first }: Journey): boolean {
  const death = deathOf(first)
  if (death === null || first.packet.translated) return false
  if (death === 'untranslated' || death === 'forward-off') return true
  const refused: readonly Death[] = ['no-endpoints', 'no-local-endpoint']
  return first.steps.at(-1)?.hook === 'FORWARD' && !refused.includes(death)
}

function deathOf({ fate, steps, packet }: Outcome): Death | null {
  const last = steps.at(-1)
  switch (fate.kind) {
    case 'delivered':
      return null
    case 'local':
      // A packet that was translated to the node itself (a pod on the host's network) has arrived.
      return packet.translated ? null : 'untranslated'
    case 'forwarded':
      return 'untranslated'
    case 'no-route':
      if (packet.translated) return 'no-route'
      // What a node sends is routed before a rule may translate it.
      return packet.inDevice === null ? 'vip-route-dead' : 'untranslated'
    case 'rejected':
    case 'dropped':
      if (fate.kind === 'dropped' && fate.by === 'forwarding-off') return 'forward-off'
      if (fate.kind === 'dropped' && fate.by === 'reverse-path') return 'reverse-path'
      return byRule(last, packet.translated)
  }
}

/**
 * kube-proxy names its chains for why they refuse; of a Service it rejects what has no endpoint at all, and drops what has none on this node
 * (kubernetes v1.34.4 pkg/proxy/iptables and nftables, proxier.go). IPVS rejects for want of a real server.
 */
function byRule(step: Step | undefined, translated: boolean): Death {
  if (step?.refuses !== undefined) return step.refuses
  if (step?.backend === 'ipvs') return 'no-endpoints'
  if (step !== undefined && endpointChains.test(step.chain))
    return step.did === 'reject' ? 'no-endpoints' : 'no-local-endpoint'
  if (step !== undefined && sourceRangeChains.test(step.chain)) return 'source-ranges'
  return translated ? 'filtered-after' : 'filtered-before'
}
const endpointChains = /^(KUBE-(EXTERNAL-)?SERVICES|KUBE-NODEPORTS|(service|nodeport)-endpoints-check|reject-chain)$/
const sourceRangeChains = /^(KUBE-PROXY-FIREWALL$|KUBE-FW-|KUBE-SOURCE-RANGES-FIREWALL$|firewall-)/
