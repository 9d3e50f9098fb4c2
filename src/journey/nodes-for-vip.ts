import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Service } from '../evidence/kubernetes/kinds.ts'
import { type Question, serviceOf } from '../evidence/question.ts'
import { parseAddress, sameAddress, type Address } from '../net/address.ts'
import { announcing } from '../lb/announcers.ts'
import { controlPlaneNodes } from '../lb/control-plane.ts'
import { nodesBehind, podsOf } from '../lb/endpoints.ts'
import { metallbWebhooks } from '../lb/metallb/webhook.ts'
import { apiServerNodes } from './api-servers.ts'
import { receivingNodes } from './receiving.ts'

/** How many nodes are read where nobody is known to announce and any of them might. */
const mostCandidates = 8

/**
 * The nodes that the packets of these questions can meet, as far as the cluster and the account tell before any node was read: those that
 * receive them, those that announce the VIP, those with an endpoint; without a VIP also those that a pool is made by. Sorted.
 */
export function nodesForVips(evidence: Evidence, questions: readonly Question[]): readonly string[] {
  const nodes = new Set<string>()
  for (const question of questions) {
    const { by, nodes: receiving } = receivingNodes(evidence, question)
    const bounded = by === 'candidate' ? receiving.slice(0, mostCandidates) : receiving
    const heard = question.vip === null ? [] : (known(announcing(evidence, question).observed) ?? [])
    const refusing = question.vip === null ? webhookNodes(evidence) : []
    for (const node of [...bounded, ...heard, ...endpointNodes(evidence, question), ...refusing]) nodes.add(node)
  }
  return [...nodes].sort()
}

/** The nodes that decide what becomes of these questions' packets once they are at `node`: it, and those with a pod they may be sent on to. */
export const nodesForTrace = (evidence: Evidence, questions: readonly Question[], node: string): readonly string[] => [
  ...new Set([node, ...questions.flatMap((question) => endpointNodes(evidence, question))]),
]

/** Between which nodes MetalLB's objects are shown to its webhook: where that fails, a pool that is missing cannot be made. */
function webhookNodes(evidence: Evidence): readonly string[] {
  const service = metallbWebhooks(evidence)?.service ?? null
  if (service === null) return []
  const pods = known(podsOf(evidence, service)) ?? []
  return [...pods.flatMap(({ spec }) => spec?.nodeName ?? []), ...apiServerNodes(evidence)]
}

function endpointNodes(evidence: Evidence, question: Question): readonly string[] {
  if (question.about === 'control-plane') {
    const { pods } = question.controlPlane
    return pods.length === 0
      ? controlPlaneNodes(evidence).slice(0, mostCandidates)
      : pods.flatMap(({ spec }) => spec?.nodeName ?? [])
  }
  const { name, namespace } = (serviceOf(question) ?? serviceAt(evidence, question.vip))?.metadata ?? {}
  if (name === undefined) return []
  const listed = (known(evidence.kubernetes.endpointslices) ?? [])
    .filter(
      ({ metadata }) => metadata?.namespace === namespace && metadata?.labels?.['kubernetes.io/service-name'] === name,
    )
    .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ nodeName }) => nodeName ?? []))
  // Why pods are no endpoints, their nodes say.
  return listed.length > 0 ? listed : nodesBehind(evidence, question).slice(0, mostCandidates)
}

/** The Service whose ClusterIP an address is. */
const serviceAt = (evidence: Evidence, address: Address | null): Service | undefined =>
  (known(evidence.kubernetes.services) ?? []).find(({ spec }) =>
    [spec?.clusterIP, ...(spec?.clusterIPs ?? [])].some((ip) => sameAddress(parseAddress(ip), address)),
  )
