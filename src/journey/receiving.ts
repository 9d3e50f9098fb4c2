import type { Receiving } from './context.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { nodeNamesByAddress } from '../evidence/kubernetes/nodes-by-name.ts'
import { isAtNodePort, type Question } from '../evidence/question.ts'
import { podNamed } from '../evidence/kubernetes/pods.ts'
import { arpSilence } from '../node/arp-silence.ts'
import { nodeOfPod } from '../node/node-of-pod.ts'
import { vpcDelivery } from '../fabric/ec2/delivery.ts'
import { announcing, isServedBy, servedBy } from '../lb/announcers.ts'
import { nodesInQuestion } from '../lb/host-nodes.ts'
import { boundAnywhere } from '../lb/kube-vip/bound.ts'
import type { Address } from '../net/address.ts'
import { nodeWithAddress } from './address-of-node.ts'
import { fabricOf } from '../fabric/index.ts'

/**
 * At which nodes the packet enters the cluster. The network itself decides where it owns addresses or routes them; where it hands the packet
 * to nobody, and where an announcement decides, the announcer does: observed, else predicted; and where nobody may announce, every node
 * that could. Where it is not known what the network does, that is every node.
 */
export function receivingNodes(evidence: Evidence, question: Question): Receiving {
  const { client, vip } = question
  // OVN carries its own VIPs from pod to pod; no node receives them.
  if (question.about === 'kube-ovn') return { by: 'unknown', nodes: [] }
  const home = question.about === 'service' ? homeOf(evidence, client) : null
  // The rules of the client's node translate a Service's own addresses, but no NodePort of another node.
  const atNode = isAtNodePort(question) && vip !== null ? nodesHaving(evidence, vip) : null
  if (home !== null && (atNode?.includes(home) ?? true)) return { by: 'client', nodes: [home] }
  if (question.about === 'service' && atNode === null && client.kind === 'pod') return { by: 'unknown', nodes: [] }
  if (vip === null) return { by: 'unknown', nodes: [] }
  const [only] = atNode ?? []
  if (only !== undefined && nodeNamesByAddress(evidence).get(vip.text) === only) return { by: 'owner', nodes: [only] }
  const fabric = fabricOf(question)
  const delivered = fabric.deliver(evidence, question)
  if (delivered !== null) return { by: delivered.by, nodes: [delivered.node] }
  if (isElsewhere(evidence, question)) return { by: 'unknown', nodes: [] }
  const all = everyNode(evidence, question)
  if (fabric.delivery === 'unknown') return all
  const announced = announcing(evidence, question)
  const byArp = (known(announced.byBgp) ?? []).length === 0 && question.about === 'service'
  const holders = byArp ? answeringHolders(evidence, vip) : []
  const seen = known(announced.observed) ?? []
  // The kernel of a node answers for the node's own address. Where others announce it too, either may get the packet.
  const own = nodeWithAddress(evidence, vip)?.metadata?.name ?? null
  if (own !== null && question.about !== 'control-plane') {
    const others = isServedBy('k3s ServiceLB', evidence, question) ? [] : seen.filter((node) => node !== own)
    return { by: 'owner', nodes: [own, ...others] }
  }
  if (seen.length > 0) return { by: 'announcer', nodes: [...new Set([...seen, ...holders])] }
  const elected = known(announced.predicted)
  const expected = [...new Set([...(elected === null ? [] : [elected]), ...(known(announced.byBgp) ?? []), ...holders])]
  if (expected.length > 0) return { by: 'predicted', nodes: expected }
  const able = known(announced.eligible) ?? []
  if (able.length > 0) return { by: 'candidate', nodes: able }
  return all
}

/** The nodes that have an address: as their own, else on an interface. */
function nodesHaving(evidence: Evidence, address: Address): readonly string[] {
  const own = nodeNamesByAddress(evidence).get(address.text)
  return own === undefined ? boundAnywhere(evidence, address).map(({ node }) => node) : [own]
}

/** The nodes with the VIP on an interface whose kernel answers for it, whoever announces it besides. */
const answeringHolders = (evidence: Evidence, vip: Address): readonly string[] =>
  boundAnywhere(evidence, vip).flatMap((bound) =>
    /^(?:lo|dummy)/.test(bound.interface) || arpSilence(evidence, bound.node, vip, bound.interface) !== null
      ? []
      : [bound.node],
  )

/** Whether the network delivers an address that no controller and no node is to have to a host that is no node: a load balancer beside the cluster. */
function isElsewhere(evidence: Evidence, question: Question): boolean {
  if (question.about === 'service' || question.fabric !== 'ec2' || servedBy(evidence, question) !== null) return false
  const delivery = vpcDelivery(evidence, question)
  return !isGap(delivery) && delivery.by !== 'nobody' && delivery.node === null
}

/** Where anybody might receive the packet. */
function everyNode(evidence: Evidence, question: Question): Receiving {
  const nodes = nodesInQuestion(evidence, question)
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
