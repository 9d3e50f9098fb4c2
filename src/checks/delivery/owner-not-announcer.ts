import { isAtNodePort, serviceOf } from '../../evidence/question.ts'
import { cite, type Proof } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type Service } from '../../evidence/kubernetes/kinds.ts'
import { announcing, isServedBy } from '../../lb/announcers.ts'
import { endpointsOf } from '../../lb/endpoints.ts'
import { vpcDelivery, type VpcDelivery } from '../../fabric/ec2/delivery.ts'
import { moveToNode } from '../../fabric/ec2/move.ts'
import { interfaceText, listText } from '../../fabric/ec2/words.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'delivery/owner-not-announcer',
  after: 'delivery/source-dest-check',
  title: 'The node to which the VPC delivers the VIP is one that can answer for it',
  needs: ['aws/network-interfaces', 'kubernetes/nodes'],
  alsoReads: [
    'aws/vpcs',
    'aws/subnets',
    'aws/route-tables',
    'kubernetes/endpointslices',
    'kubernetes/servicel2statuses',
    'kubernetes/leases',
    'kubernetes/pods',
    'node/ip-addr',
    'node/ip-link',
    'node/processes',
    'node/keepalived-conf',
    'node/pacemaker-cib',
  ],
  on: ['ec2'],
  appliesTo: ({ question }) => !isAtNodePort(question) || 'The client chose the node itself, and its NodePort.',
  blocks: true,
  run,
  docs: {
    means:
      "The VPC delivers to the interface that holds the VIP or that a route names, whichever node MetalLB or kube-vip elected. With externalTrafficPolicy: Cluster that does no harm, since kube-proxy on every node takes the packet. With Local only a node with a ready endpoint takes it, and MetalLB moves its announcement there while the address in EC2 stays behind: the packets die on the old node. The VIP of a control plane is bound on kube-vip's leader alone, so there the owner must be the leader.",
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

const hasNode = (delivery: Delivered): delivery is Delivered & { readonly node: string } => delivery.node !== null

function run(context: VipContext): readonly Draft[] {
  const { evidence, question } = context
  const subject = `vip/${question.vip.text}`
  const delivery = vpcDelivery(evidence, question)
  if (isGap(delivery))
    return [
      unknown(
        'delivery-not-known',
        subject,
        said('to which node it is delivered is not known', 'It is not known to which node the VPC delivers the VIP.'),
        [delivery],
      ),
    ]
  if (delivery.by === 'nobody') return [skipped('delivered-to-nobody', subject, 'The VPC delivers the VIP to nobody.')]
  if (!hasNode(delivery))
    return [
      skipped(
        'owner-not-a-node',
        subject,
        `${interfaceText(evidence, delivery.interface)} belongs to no node of the cluster.`,
      ),
    ]
  const service = serviceOf(question)
  if (question.about === 'control-plane') return [controlPlane(context, delivery)]
  if (question.about === 'address')
    return [
      skipped(
        'no-service-known',
        subject,
        `No Service in the evidence has ${question.vip.text}: who may take it is not said.`,
      ),
    ]
  if (service?.spec?.externalTrafficPolicy === 'Local') return [local(context, delivery, service)]
  const { observed } = announcing(evidence, question)
  const seen = known(observed) ?? []
  const { node } = delivery
  const text = question.vip.text
  if (delivery.by === 'route' || seen.length === 0 || seen.includes(node))
    return [
      pass(
        'taken-for-every-service',
        subject,
        said(
          `the VPC delivers it to ${node}`,
          `The VPC delivers ${text} to ${node}, which takes it for every Service.`,
        ),
        [placeOf(delivery)],
      ),
    ]
  return [
    warn(
      'another-announces',
      subject,
      said(
        'another node announces it than holds it',
        `${text} belongs to ${interfaceText(evidence, delivery.interface)}, while ${listText(seen)} announces it: ${node} gets the packets and passes them on, which ends as soon as externalTrafficPolicy becomes Local.`,
      ),
      [placeOf(delivery)],
      withFix(moveFix(context, seen)),
    ),
  ]
}

/**
 * The address of the control plane is bound on kube-vip's leader alone. That nothing answers for it elsewhere is `endpoint/vip-bound`'s
 * to say, by looking at the node.
 */
function controlPlane({ evidence, question }: VipContext, delivery: Delivered & { readonly node: string }): Draft {
  const vip = question.vip.text
  const subject = `vip/${vip}`
  const { node } = delivery
  const seen = known(announcing(evidence, question).observed) ?? []
  if (seen.length === 0 || seen.includes(node))
    return pass('delivered', subject, said(`the VPC delivers it to ${node}`, `The VPC delivers ${vip} to ${node}.`), [
      placeOf(delivery),
    ])
  const byKubeVip = isServedBy('kube-vip', evidence, question)
  return warn(
    byKubeVip ? 'kube-vip-leader-elsewhere' : 'held-elsewhere',
    subject,
    said(
      `${byKubeVip ? 'kube-vip’s leader is' : 'the address is on'} another node than its owner`,
      `${vip} belongs to ${interfaceText(evidence, delivery.interface)}, but ${byKubeVip ? `kube-vip's leader is ${listText(seen)}` : `${listText(seen)} has it on an interface`}.`,
    ),
    [placeOf(delivery)],
    withFix(moveToNode(evidence, question, seen)),
  )
}

const placeOf = (delivery: Delivered): Proof =>
  delivery.by === 'owner' ? delivery.holding.proof() : cite(delivery.interface, 'NetworkInterfaceId')

function local(context: VipContext, delivery: Delivered & { readonly node: string }, service: Service): Draft {
  const { evidence, question } = context
  const vip = question.vip.text
  const { node } = delivery
  const subject = `vip/${vip}`
  const found = endpointsOf(evidence, question)
  if (isGap(found))
    return unknown(
      'endpoints-not-known',
      subject,
      said(
        'whether its owner has an endpoint is not known',
        `It is not known whether ${node} has a ready endpoint of ${objectName(service)}.`,
      ),
      [found],
    )
  const ready = found.filter((endpoint) => endpoint.ready)
  const nodes = [...new Set(ready.flatMap((endpoint) => endpoint.node ?? []))].sort()
  const proof = ready.slice(0, 8).map(({ slice, index }) => cite(slice, 'endpoints', index, 'nodeName'))
  if (nodes.includes(node))
    return pass(
      'owner-has-endpoint',
      subject,
      said(
        `the VPC delivers it to ${node}`,
        `The VPC delivers ${vip} to ${node}, which has a ready endpoint of ${objectName(service)}.`,
      ),
      [placeOf(delivery), ...proof],
    )
  if (nodes.length === 0)
    return skipped('no-ready-endpoint', subject, `No node has a ready endpoint of ${objectName(service)}.`)
  const verb = delivery.by === 'owner' ? 'belongs to' : 'is routed to'
  return fail(
    'endpoint-elsewhere',
    subject,
    said(
      'the node that gets it has no endpoint of its own',
      `${vip} ${verb} ${interfaceText(evidence, delivery.interface)}, but externalTrafficPolicy is Local and the ready endpoints of ${objectName(service)} are on ${listText(nodes)}: ${node} drops the packets.`,
    ),
    [placeOf(delivery), cite(service, 'spec', 'externalTrafficPolicy'), ...proof],
    moveFix(context, nodes),
  )
}

const withFix = (fix: Remedy | null) => (fix === null ? {} : { fix })

/** Moves the address to one of the nodes; where that cannot be done, lets every node take the packets. */
function moveFix({ evidence, question }: VipContext, nodes: readonly string[]): Remedy | null {
  const service = serviceOf(question)
  const move = moveToNode(evidence, question, nodes)
  if (service?.spec?.externalTrafficPolicy !== 'Local') return move
  const { name, namespace = 'default' } = service.metadata ?? {}
  if (move !== null)
    return {
      ...move,
      advice:
        'Or let every node take the packets with externalTrafficPolicy Cluster, at the price of the client’s address: endpoints on other nodes see that of the node.',
    }
  return {
    summary: 'let every node take the packets',
    commands: [
      sh`kubectl -n ${namespace} patch service ${name} -p ${jsonWord({ spec: { externalTrafficPolicy: 'Cluster' } })}`,
    ],
    changes: 'Endpoints on other nodes see the address of the node instead of the client’s.',
  }
}
