import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import { objectName, type Service } from '../../evidence/kubernetes.ts'
import { assignCommand } from '../../vpc/assign.ts'
import { vpcDelivery, type VpcDelivery } from '../../vpc/delivery.ts'
import { nodeInterfaces } from '../../vpc/node-interfaces.ts'
import { interfaceText, listText } from '../../vpc/words.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, skipped, unknown, type Draft, type Fix } from '../finding.ts'

export default defineCheck({
  id: 'delivery/owner-not-announcer',
  title: 'The node to which the VPC delivers the VIP is one that can answer for it',
  needs: ['aws/network-interfaces', 'kubernetes/nodes'],
  alsoReads: ['aws/vpcs', 'aws/subnets', 'aws/route-tables', 'kubernetes/endpointslices'],
  appliesTo: ({ question }) => (question.fabric === 'ec2' ? true : 'On a LAN the packet goes to the announcer.'),
  blocks: true,
  run,
  docs: {
    means:
      'The VPC delivers to the interface that holds the VIP or that a route names, whichever node MetalLB or kube-vip elected. With externalTrafficPolicy: Cluster that does no harm, since kube-proxy on every node takes the packet. With Local only a node with a ready endpoint takes it, and MetalLB moves its announcement there while the address in EC2 stays behind: the packets die on the old node.',
    byHand:
      'kubectl get endpointslices -l kubernetes.io/service-name=NAME -o wide names the nodes with endpoints; aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=VIP names the owner.',
    mend: 'Move the address to the right node and let something follow it from now on (a hook, a controller), or set externalTrafficPolicy: Cluster.',
    sources: [
      'Kubernetes documentation, "Preserving the client source IP"',
      'Amazon EC2 User Guide, "Multiple IP addresses" (reassigning)',
    ],
  },
})

type Delivered = Exclude<VpcDelivery, { by: 'nobody' }>

function run(context: Context): readonly Draft[] {
  const { evidence, question } = context
  const subject = `vip/${question.vip?.text ?? ''}`
  const delivery = vpcDelivery(evidence, question)
  if (isGap(delivery)) return [unknown(subject, 'It is not known to which node the VPC delivers the VIP.', [delivery])]
  if (delivery.by === 'nobody') return [skipped(subject, 'The VPC delivers the VIP to nobody.')]
  if (delivery.node === null)
    return [skipped(subject, `${interfaceText(evidence, delivery.interface)} belongs to no node of the cluster.`)]
  if (question.service?.spec?.externalTrafficPolicy === 'Local') return [local(context, delivery, question.service)]
  return [pass(subject, `The VPC delivers ${question.vip?.text ?? ''} to ${delivery.node}.`, [placeOf(delivery)])]
}

const placeOf = (delivery: Delivered): Proof =>
  delivery.by === 'owner' ? delivery.holding.proof() : cite(delivery.interface, 'NetworkInterfaceId')

function local({ evidence, question }: Context, delivery: Delivered, service: Service): Draft {
  const vip = question.vip?.text ?? ''
  const node = delivery.node ?? ''
  const subject = `vip/${vip}`
  const found = readyNodes(evidence, service)
  if (isGap(found))
    return unknown(subject, `It is not known whether ${node} has a ready endpoint of ${objectName(service)}.`, [found])
  const { nodes, proof } = found
  if (nodes.includes(node))
    return pass(subject, `The VPC delivers ${vip} to ${node}, which has a ready endpoint of ${objectName(service)}.`, [
      placeOf(delivery),
      ...proof,
    ])
  if (nodes.length === 0) return skipped(subject, `No node has a ready endpoint of ${objectName(service)}.`)
  const verb = delivery.by === 'owner' ? 'belongs to' : 'is routed to'
  return fail(
    subject,
    `${vip} ${verb} ${interfaceText(evidence, delivery.interface)}, but externalTrafficPolicy is Local and the ready endpoints of ${objectName(service)} are on ${listText(nodes)}: ${node} drops the packets.`,
    [placeOf(delivery), cite(service, 'spec', 'externalTrafficPolicy'), ...proof],
    moveFix({ evidence, question }, delivery, nodes),
  )
}

/** The nodes with a ready endpoint of a Service, and where the slices say so. */
function readyNodes(
  evidence: Evidence,
  service: Service,
): Known<{ nodes: readonly string[]; proof: readonly Proof[] }> {
  const { endpointslices } = evidence.kubernetes
  if (isGap(endpointslices)) return endpointslices
  const { name, namespace } = service.metadata ?? {}
  const own = endpointslices.filter(
    ({ metadata }) => metadata?.namespace === namespace && metadata?.labels?.['kubernetes.io/service-name'] === name,
  )
  const nodes = own.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ conditions, nodeName }) => (conditions?.ready === false ? [] : (nodeName ?? []))),
  )
  return { nodes: [...new Set(nodes)].sort(), proof: own.map((slice) => cite(slice, 'endpoints')) }
}

function moveFix(
  { evidence, question }: Pick<Context, 'evidence' | 'question'>,
  delivery: Delivered,
  nodes: readonly string[],
): Fix {
  const { service, vip } = question
  const own = nodeInterfaces(evidence, question.vpcId)
  const candidates = isGap(own) ? [] : nodes.flatMap((node) => own.get(node) ?? [])
  const eni = candidates.find(({ SubnetId }) => SubnetId === delivery.interface.SubnetId)
  const policy = `kubectl -n ${service?.metadata?.namespace ?? 'default'} patch service ${service?.metadata?.name ?? ''} -p '{"spec":{"externalTrafficPolicy":"Cluster"}}'`
  if (
    delivery.by === 'owner' &&
    eni !== undefined &&
    vip !== null &&
    vip.family === 4 &&
    delivery.holding.as === 'secondary'
  ) {
    return {
      commands: [`${assignCommand(eni, vip)} --allow-reassignment`],
      changes: `Takes ${vip.text} from ${interfaceText(evidence, delivery.interface)}, with an Elastic IP on it if there is one; the move takes effect after a moment, and nothing repeats it when the endpoints move again. Or, to let every node take the packets at the price of the client's address: ${policy}.`,
    }
  }
  return {
    commands: [policy],
    changes:
      'Every node takes packets for the Service then; endpoints on other nodes see the address of the node, not that of the client.',
  }
}
