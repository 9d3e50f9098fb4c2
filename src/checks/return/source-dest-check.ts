import { cite } from '../../evidence/cite.ts'
import { gap, isGap, known } from '../../evidence/gap.ts'
import { lackingInterfaces } from '../../evidence/lacking.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { clusterVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { arrivalInterface } from '../../fabric/ec2/delivery.ts'
import { owns } from '../../fabric/ec2/node-flow.ts'
import { idOf, interfaceText } from '../../fabric/ec2/words.ts'
import { answerInterface, interfaceOfWay, leavesUnseen } from '../../journey/answer-interface.ts'
import { lostOnWayBack, stretchesBack, type LostOut } from '../../journey/way-back.ts'
import { citeDecision, routeText } from '../../node/route-words.ts'
import { policyRouting } from '../about/policy-routing.ts'
import { traceReads } from '../about/reads.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'return/source-dest-check',
  after: 'return/node-route',
  title: 'Answers leave by an interface that may send them',
  needs: ['node/ip-route', 'aws/network-interfaces'],
  alsoReads: [...traceReads, 'kubernetes/nodes'],
  about: ['service', 'control-plane'],
  on: ['ec2'],
  blocks: true,
  each: 'receiving',
  run,
  docs: {
    means:
      'Behind the node the answer’s source is the VIP again. It leaves by whatever interface the node’s rules and routes choose, and EC2 drops it where that one does not own the VIP and its source/destination check is on: the client waits until its timeout, and tcpdump on the node shows the answer leaving. It happens on nodes with several interfaces, as where the VIP is an address of the second one and the default route leaves by the first.',
    byHand:
      'On the node: ip route get CLIENT from POD-ADDRESS iif DEVICE (the device that leads to the pod) names the device; ip link shows its MAC, and aws ec2 describe-network-interfaces --filters Name=mac-address,Values=MAC the addresses and SourceDestCheck of that interface.',
    mend: 'Policy routing that sends answers out of the interface that owns the VIP. The check turned off on the other interface lets them leave there, too; its security groups and its subnet’s network ACL and routes then judge them.',
    sources: [
      'Reachability Analyzer explanation codes, ENI_SOURCE_DEST_CHECK_RESTRICTION',
      'Linux net/netfilter/nf_nat_core.c (nf_nat_packet)',
      'aws/amazon-vpc-cni-k8s issue 231',
    ],
  },
})

function run(context: VipNodeContext): readonly Draft[] {
  const { evidence, question, node } = context
  const { vip } = question
  const arrival = known(arrivalInterface(evidence, question, node))
  /** The interface that drops what leaves by it, or may. */
  const refusing = ({ stretch, way }: Pick<LostOut, 'stretch' | 'way'>): NetworkInterface | null => {
    const leaving = stretch.last ? interfaceOfWay(evidence, question, stretch.state, way) : null
    if (leaving === null || leaving === arrival || owns(leaving, vip)) return null
    return leaving.SourceDestCheck === false ? null : leaving
  }
  const share = shareLost(context, (journey): LostOut | null => {
    const stretches = stretchesBack(evidence, question, node, journey)
    const lost = lostOnWayBack(stretches, node, (way, stretch) => refusing({ stretch, way }) !== null)
    return lost !== null && refusing(lost)?.SourceDestCheck === undefined ? { ...lost, doubt: notSaid } : lost
  })
  if (isDraft(share)) return [share]
  const wrong = deadly(context, share, {
    reason: 'not-its-source',
    brief: 'answers leave by an interface that checks',
    says: ({ way, stretch }) => {
      const leaving = refusing({ way, stretch })
      const route = way.route === null ? '' : routeText(way.route)
      return `Answers from ${vip.text} leave ${node} by ${way.route?.device ?? ''} (${route}): that is ${leaving === null ? '' : interfaceText(evidence, leaving)}, which does not own ${vip.text} and checks sources, so EC2 drops them.`
    },
    fix: ({ outcome, ...lost }) => {
      const leaving = refusing(lost)
      const device = outcome.packet.inDevice ?? 'default'
      const { advice = '', ...remedy } = policyRouting(
        evidence,
        question,
        node,
        device,
        lost.way.flow.inDevice === null ? 'node' : 'pod',
      )
      const off =
        leaving === null
          ? ''
          : ` Or turn the source/destination check of ${idOf(leaving)} off: then it may send them, too.`
      return { ...remedy, advice: `${advice}${off}` }
    },
  })
  if (wrong === null || share.example === null) {
    const leaving = known(answerInterface(evidence, question, node))
    const vpc = clusterVpc(evidence, question.vpcId)
    const unlisted = isGap(vpc) ? vpc : lackingInterfaces(evidence, vpc)
    if (unlisted !== null && leavesUnseen(evidence, question, node))
      return [
        unknown(
          'interface-not-known',
          `node/${node}`,
          said(
            'the interface of answers is not known',
            `It is not known by which interface of the VPC answers leave ${node}, and whether it checks their source.`,
          ),
          [unlisted],
        ),
      ]
    const says =
      leaving === null
        ? `No interface of the VPC drops what ${node} answers from ${vip.text}.`
        : `Answers from ${vip.text} leave ${node} by ${interfaceText(evidence, leaving)}, which may send them.`
    return [
      pass(
        'may-send',
        `node/${node}`,
        said('answers leave by an interface that may send', says),
        leaving === null ? [] : [cite(leaving, 'SourceDestCheck')],
      ),
    ]
  }
  const { way, stretch } = share.example
  const leaving = refusing(share.example)
  const proof = [
    ...(way.route === null ? [] : citeDecision(stretch.state, way.route)),
    ...(leaving === null ? [] : [cite(leaving, 'SourceDestCheck'), cite(leaving, 'PrivateIpAddresses')]),
  ]
  const subject = leaving === null ? wrong.subject : `eni/${idOf(leaving)}`
  return [{ ...wrong, subject, proof, awsCode: 'ENI_SOURCE_DEST_CHECK_RESTRICTION' }]
}

const notSaid = gap('aws/describe-network-interfaces.json', 'does not say whether the interface checks sources')
