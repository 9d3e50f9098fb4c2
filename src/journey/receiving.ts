import type { Receiving } from './context.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { podNamed } from '../evidence/kubernetes/pods.ts'
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
  if (question.service !== null && client.kind === 'node') return { by: 'client', nodes: [client.name] }
  if (question.service !== null && client.kind === 'pod') return nodeOfPod(evidence, client.namespace, client.name)
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

/** A client that is a node or a pod is served by its own node's rules: the packet meets no network before them. */
function nodeOfPod(evidence: Evidence, namespace: string, name: string): Receiving {
  const pod = podNamed(evidence, `${namespace}/${name}`)
  const node = pod?.spec?.nodeName
  return node === undefined ? { by: 'unknown', nodes: [] } : { by: 'client', nodes: [node] }
}
