import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { cite } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { interfacesOfNode } from '../../fabric/ec2/node-interfaces.ts'
import { checkOff } from '../../fabric/ec2/overlay.ts'
import { idOf, listText } from '../../fabric/ec2/words.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'
import { legsTo, passesOn } from '../../journey/legs.ts'
import { wireProof } from '../../journey/wire.ts'

export default defineCheck({
  id: 'forwarding/pod-source-dest-check',
  title: "The nodes of the endpoints take packets for their pods' addresses",
  needs: ['aws/network-interfaces', 'aws/subnets', 'kubernetes/nodes', 'kubernetes/endpointslices', 'kubernetes/pods'],
  alsoReads: [
    'aws/vpcs',
    'node/ip-route',
    'node/ip-link',
    'kubernetes/configmaps',
    'kubernetes/calicoippools',
    'kubernetes/felixconfigurations',
  ],
  each: 'endpoint',
  on: ['ec2'],
  about: ['service'],
  appliesTo: passesOn,
  blocks: true,
  run,
  docs: {
    means:
      "Without a tunnel, a packet for a pod of another node bears the pod's address on the wire. That is no address of the node's interface, so its source/destination check drops it, and drops the pod's answers too. The VIP then works as often as the chosen endpoint happens to be on the receiving node: with two pods on two nodes, half of the time.",
    byHand:
      'aws ec2 describe-network-interfaces --query "NetworkInterfaces[].[NetworkInterfaceId,SourceDestCheck]"; ping a pod of that node from another node.',
    mend: 'Turn the check off on the interfaces of all nodes with pods, or use a CNI plugin that encapsulates.',
    sources: [
      'Reachability Analyzer explanation codes, ENI_SOURCE_DEST_CHECK_RESTRICTION',
      'flannel, Documentation/aws-vpc-backend.md',
      'Calico documentation, "Calico on AWS"',
    ],
  },
})

function run(context: ServiceNodeContext): readonly Draft[] {
  const { node } = context
  const subject = `node/${node}`
  const { legs, local, gaps } = legsTo(context)
  if (legs.length === 0) {
    if (gaps.length > 0)
      return [
        unknown(
          'legs-not-known',
          subject,
          said('the way to the pods is not known', `It is not known whether ${node} takes packets for its pods.`),
          gaps,
        ),
      ]
    return [
      local > 0
        ? pass(
            'local-only',
            subject,
            said('nothing is passed on', `${node} receives the packets itself: nothing is passed on.`),
            [],
          )
        : skipped('nothing-passed-on', subject, `Nothing is passed on to ${node}.`),
    ]
  }
  const bare = legs.filter(({ held, wire }) => !held && (isGap(wire) || wire.by === 'itself'))
  const [first] = bare
  if (first === undefined)
    return [
      pass(
        'own-addresses',
        subject,
        said('it travels to the node’s own address', `Packets for the pods of ${node} travel to addresses of its own.`),
        [],
      ),
    ]
  const { to } = first
  const proof = [cite(to, 'SourceDestCheck')]
  const others = disagreeing(context, idOf(to))
  if (to.SourceDestCheck === false && others.length > 0)
    return [
      warn(
        'off-on-one-interface',
        subject,
        said(
          'source/destination check on at one interface',
          `The source/destination check of ${idOf(to)} (${node}) is off, but that of ${listText(others.map(idOf))} is on: each interface has its own, and packets for the pods of ${node} that come by the other are dropped.`,
        ),
        [...proof, ...others.map((eni) => cite(eni, 'SourceDestCheck'))],
        {
          fix: {
            summary: `turn the check off on all interfaces of ${node}`,
            commands: others.map(checkOff),
            changes: `${node} may then also send with foreign source addresses by them.`,
          },
        },
      ),
    ]
  if (to.SourceDestCheck === false)
    return [
      pass(
        'off',
        subject,
        said('source/destination check off', `The source/destination check of ${idOf(to)} (${node}) is off.`),
        proof,
      ),
    ]
  const doubtful = bare.flatMap(({ wire }) => (isGap(wire) ? [wire] : []))
  if (to.SourceDestCheck === undefined || doubtful.length > 0)
    return [
      unknown(
        'tunnel-not-known',
        subject,
        said(
          'whether a tunnel passes the check is not known',
          `It is not known whether packets for the pods of ${node} travel in a tunnel past the source/destination check of ${idOf(to)}.`,
        ),
        doubtful.slice(0, 1),
        proof,
      ),
    ]
  const pods = listText([...new Set(bare.flatMap(({ pod }) => pod?.text ?? []))])
  return [
    fail(
      'on',
      subject,
      said(
        'source/destination check on at the pod’s node',
        `The source/destination check of ${idOf(to)} (${node}) is on: it drops what other nodes pass on to its pods${pods === '' ? '' : ` (${pods})`}, since the CNI plugin does not encapsulate.`,
      ),
      [
        ...proof,
        ...bare
          .flatMap(({ way, wire }) => (!isGap(way) && way.by !== 'nothing' ? [way.proof] : wireProof(wire)))
          .slice(0, 2),
      ],
      {
        summary: `turn the check off on ${node}`,
        commands: [checkOff(to)],
        changes: `${node} may then also send with foreign source addresses. Do the same on every node with pods.`,
      },
      { awsCode: 'ENI_SOURCE_DEST_CHECK_RESTRICTION', partial: bare.length < legs.length || local > 0 },
    ),
  ]
}

/** The node's other interfaces that check, where several were given to it: `modify-instance-attribute` reaches only the first one. */
function disagreeing({ evidence, question, node }: ServiceNodeContext, first: string): readonly NetworkInterface[] {
  const own = known(interfacesOfNode(evidence, node, question.vpcId)) ?? []
  return own.filter((eni) => idOf(eni) !== first && eni.SourceDestCheck === true)
}
