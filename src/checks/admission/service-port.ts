import type { Proof } from '../../evidence/cite.ts'
import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { isAtNodePort } from '../../evidence/question.ts'
import { portText } from '../../net/port.ts'
import {
  admitsClient,
  authorize,
  permissionText,
  rangesForRule,
  type ClientAdmission,
} from '../../fabric/ec2/admission.ts'
import { rangesText } from '../../fabric/ec2/client-set.ts'
import { arrivalInterface } from '../../fabric/ec2/delivery.ts'
import type { GroupRule } from '../../fabric/ec2/security-group-rules.ts'
import { groupsText, idOf, interfaceText, listText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'admission/service-port',
  title: 'The security groups of the receiving interface admit the client at the Service port',
  needs: ['aws/network-interfaces', 'aws/subnets'],
  alsoReads: [
    'aws/security-group-rules',
    'aws/security-groups',
    'aws/managed-prefix-lists',
    'aws/vpcs',
    'node/ip-link',
  ],
  each: 'receiving',
  on: ['ec2'],
  appliesTo: ({ question }) =>
    !isAtNodePort(question) || 'The client connects at the NodePort, of which admission/nodeport tells.',
  blocks: true,
  run,
  docs: {
    means:
      'A security group stands at the interface and sees the packet before the kernel does: the port that must be open is the one the client uses (the port of the Service, or of the control-plane VIP), not the NodePort, since kube-proxy rewrites the packet only afterwards. Rules never look at the destination address, and any rule that matches admits. What no rule admits is dropped without an answer, so the client waits until its timeout.',
    byHand:
      'aws ec2 describe-security-group-rules --filters Name=group-id,Values=SG lists the rules; tcpdump on the node shows that no SYN arrives, while a VPC flow log of the interface shows REJECT.',
    mend: 'Add an ingress rule for the port of the Service from where the clients are. Existing connections are no test: a tracked flow outlives the rule that admitted it.',
    sources: [
      'Amazon VPC User Guide, "Security groups" and "Security group rules"',
      'Amazon EC2 User Guide, "Security group connection tracking"',
      'Reachability Analyzer explanation codes, ENI_SG_RULES_MISMATCH and SG_HAS_NO_RULES',
    ],
  },
})

function run(context: VipNodeContext): readonly Draft[] {
  const { evidence, question, node } = context
  const arrival = arrivalInterface(evidence, question, node)
  if (isGap(arrival))
    return [
      unknown(
        'arrival-not-known',
        `node/${node}`,
        said('the node’s interface is not known', `It is not known which interface of ${node} receives the packet.`),
        [arrival],
      ),
    ]
  if (arrival === null)
    return [
      unknown(
        'no-interface-in-vpc',
        `node/${node}`,
        said('the node has no interface in the VPC', `${node} has no interface in the VPC that is in the evidence.`),
        [],
      ),
    ]
  const admission = admitsClient(evidence, question, arrival, question.port)
  if (isGap(admission))
    return [
      unknown(
        'client-not-known',
        `eni/${idOf(arrival)}`,
        said('the client’s addresses are not known', 'It is not known from which addresses the client comes.'),
        [admission],
      ),
    ]
  const { groupIds, judgement, client } = admission
  const subject = groupIds.length === 1 ? `security-group/${groupIds[0] ?? ''}` : `eni/${idOf(arrival)}`
  const groups = groupsText(evidence, groupIds)
  const port = portText(question.port)
  const verb = groupIds.length === 1 ? 'admits' : 'admit'
  const proof = [cite(arrival, 'Groups'), ...judgement.rules.slice(0, 4).map((rule) => rule.proof())]
  switch (judgement.answer) {
    case 'all':
      return [
        pass(
          'allowed',
          subject,
          said(
            `security groups let ${port} in`,
            `${groups} of ${interfaceText(evidence, arrival)} ${verb} ${port} from ${client.text}.`,
          ),
          proof,
        ),
      ]
    case 'unknown':
      return [
        unknown(
          'rules-not-known',
          subject,
          said(
            judgement.possible.some(({ rule }) => rule?.peer.kind === 'group')
              ? 'whether the client is a member is not known'
              : 'security group rules not known',
            `It is not known whether ${lower(groups)} ${verb} ${port} from ${client.text}${because(judgement.possible)}.`,
          ),
          gapsOf(admission),
          [...proof, ...proofOf(judgement.possible.flatMap(({ rule }) => rule ?? []))],
        ),
      ]
    case 'some': {
      const { admitted, refused, open } = judgement
      const left = open.length > 0 ? `; about ${rangesText(open)} it is not known` : ''
      const says = `${groups} ${verb} ${port} from ${rangesText(admitted)} of ${client.text}, but not from ${rangesText(refused)}${left}.`
      return [
        fail(
          'refused-in-part',
          subject,
          said('security groups admit a part of the clients', says),
          proof,
          fixOf(context, admission, arrival.VpcId ?? ''),
          {
            partial: true,
            awsCode: 'ENI_SG_RULES_MISMATCH',
          },
        ),
      ]
    }
    case 'none': {
      const rules = judgement.asked
      const says =
        rules.length === 0
          ? `${groups} ${verb} no ${port} from ${client.text}: ${groupIds.length === 1 ? 'it has' : 'they have'} no ingress rule at all.`
          : `${groups} ${verb} no ${port} from ${client.text}: ${String(rules.length)} ingress rules, and none matches.`
      const awsCode = rules.length === 0 ? 'SG_HAS_NO_RULES' : 'ENI_SG_RULES_MISMATCH'
      return [
        fail(
          'refused',
          subject,
          said(`security groups admit no ${port} from the client`, says),
          [...proof, ...proofOf(rules)],
          fixOf(context, admission, arrival.VpcId ?? ''),
          {
            awsCode,
          },
        ),
      ]
    }
  }
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
const proofOf = (rules: readonly GroupRule[]): Proof[] => rules.slice(0, 12).map((rule) => rule.proof())
const gapsOf = ({ judgement }: ClientAdmission) => judgement.possible.flatMap(({ gap }) => gap ?? [])

function because(possible: ClientAdmission['judgement']['possible']): string {
  const groups = [...new Set(possible.flatMap(({ rule }) => (rule?.peer.kind === 'group' ? [rule.peer.id] : [])))]
  return groups.length === 0
    ? ''
    : `: only a rule for members of ${listText(groups)} would, and whether the client is one is not known`
}

function fixOf(
  { evidence, question }: VipNodeContext,
  { client, groupIds }: ClientAdmission,
  vpcId: string,
): Remedy | null {
  const [groupId] = groupIds
  if (groupId === undefined) return null
  const { protocol, port } = question.port
  const ranges = rangesForRule(evidence, question, client, vpcId)
  return {
    summary: `admit ${portText(question.port)} in ${groupId}`,
    commands: [authorize(groupId, 'ingress', permissionText(protocol, port, port, ranges))],
    changes: `Admits ${portText(question.port)} from ${rangesText(ranges)} to every interface in ${groupId}, on the nodes' own addresses too.`,
  }
}
