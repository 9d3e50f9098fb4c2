import type { Receiving } from './context.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { podNamed } from '../evidence/kubernetes/pods.ts'
import { nodeOfPod } from '../node/vip-trace.ts'
import { announcers } from '../lb/announcers.ts'
import { vpcDelivery } from '../fabric/ec2/delivery.ts'

/**
 * At which nodes the packet enters the cluster. On `ec2` the network decides, by ownership or by route; where it hands the packet to nobody,
 * and on a LAN, the announcer does: observed, else predicted; and where nobody may announce, every node that could.
 */
export function receivingNodes(evidence: Evidence, question: Question): Receiving {
  const { client, vip } = question
  // OVN carries its own VIPs from pod to pod; no node receives them.
  if (question.kubeOvn !== undefined) return { by: 'unknown', nodes: [] }
  const home = question.service === null ? null : homeOf(evidence, client)
  if (home !== null) return { by: 'client', nodes: [home] }
  if (question.service !== null && client.kind === 'pod') return { by: 'unknown', nodes: [] }
  if (vip === null) return { by: 'unknown', nodes: [] }
  if (question.fabric === 'ec2') {
    const delivery = vpcDelivery(evidence, question)
    if (!isGap(delivery) && delivery.by !== 'nobody' && delivery.node !== null)
      return { by: delivery.by, nodes: [delivery.node] }
  }
  const announced = announcers(evidence, question)
  const seen = known(announced.observed) ?? []
  if (seen.length > 0) return { by: 'announcer', nodes: seen }
  const elected = known(announced.predicted)
  const expected = [...new Set([...(elected === null ? [] : [elected]), ...(known(announced.byBgp) ?? [])])]
  if (expected.length > 0) return { by: 'predicted', nodes: expected }
  const able = known(announced.eligible) ?? []
  if (able.length > 0) return { by: 'candidate', nodes: able }
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? []).sort()
  return nodes.length > 0 ? { by: 'candidate', nodes } : { by: 'unknown', nodes: [] }
}

/** The node of a client that is a node or a pod, by its name or its address: its own rules serve it, and it meets no network before them. */
function homeOf(evidence: Evidence, client: Question['client']): string | null {
  if (client.kind === 'node') return client.name
  if (client.kind === 'address') return nodeOfPod(evidence, client.address)
  return client.kind === 'pod'
    ? (podNamed(evidence, `${client.namespace}/${client.name}`)?.spec?.nodeName ?? null)
    : null
}
