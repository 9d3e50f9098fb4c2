import { cite } from '../../evidence/cite.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { isGap } from '../../evidence/gap.ts'
import { lackingInterfaces } from '../../evidence/lacking.ts'
import { portText } from '../../net/port.ts'
import { rangeOf } from '../../net/range.ts'
import { authorize, permissionText } from '../../fabric/ec2/admission.ts'
import { clientInterfaces } from '../../fabric/ec2/client-set.ts'
import { clusterVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { numberOf } from '../../fabric/ec2/ip-protocol.ts'
import { groupsOf, judgeGroups, type Judgement } from '../../fabric/ec2/security-groups.ts'
import { groupsText, idOf, interfaceText, listText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'admission/client-egress',
  title: "The client's own security groups let it send to the VIP",
  needs: ['aws/network-interfaces', 'aws/subnets'],
  alsoReads: ['aws/security-group-rules', 'aws/security-groups', 'aws/managed-prefix-lists', 'aws/vpcs'],
  on: ['ec2'],
  appliesTo: ({ question: { client } }) =>
    client.kind === 'vpc' || client.kind === 'internet' ? 'The client is no interface that the evidence names.' : true,
  blocks: true,
  run,
  docs: {
    means:
      'The security groups of the client judge the packet before it leaves. A new group lets everything out, but many are narrowed. A rule that names a group as destination means the private addresses of its members: it never covers a VIP outside the VPC, which is the address of no interface.',
    byHand:
      'aws ec2 describe-security-group-rules --filters Name=group-id,Values=SG --query "SecurityGroupRules[?IsEgress]" for each group of the client.',
    mend: "Add an egress rule for the VIP's address and the port of the Service to a group of the client.",
    sources: [
      'Amazon VPC User Guide, "Security group rules"',
      'Reachability Analyzer explanation codes, ENI_SG_RULES_MISMATCH',
    ],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const { vip, port } = question
  const vpcId = clusterVpc(evidence, question.vpcId)
  if (isGap(vpcId))
    return [
      unknown(
        'interface-not-known',
        `vip/${vip.text}`,
        said('the client’s interface is not known', 'It is not known which interface the client is.'),
        [vpcId],
      ),
    ]
  const enis = clientInterfaces(evidence, question, vpcId)
  if (isGap(enis))
    return [
      unknown(
        'groups-not-read',
        `vip/${vip.text}`,
        said('the client’s interface is not known', 'It is not known which interface the client is.'),
        [enis],
      ),
    ]
  const unlisted = lackingInterfaces(evidence, vpcId)
  if (enis.length === 0 && unlisted !== null && question.client.kind !== 'vpc' && question.client.kind !== 'internet')
    return [
      unknown(
        'groups-not-read',
        `vip/${vip.text}`,
        said('the client’s interface is not known', 'It is not known which interface the client is.'),
        [unlisted],
      ),
    ]
  if (enis.length === 0)
    return [
      skipped(
        'client-interface-not-seen',
        `vip/${vip.text}`,
        'No interface in the evidence has the address of the client.',
      ),
    ]
  const judged = enis.map((eni) => ({
    eni,
    judgement: judgeGroups(evidence, groupsOf(eni), vpcId, 'egress', {
      protocol: numberOf(port.protocol),
      port: port.port,
      peers: [rangeOf(vip)],
      groupsKnown: true,
    }),
  }))
  const shut = judged.filter(({ judgement }) => judgement.answer === 'none')
  const open = judged.filter(({ judgement }) => judgement.answer === 'unknown')
  const names = (list: readonly { readonly eni: NetworkInterface }[]) =>
    listText(list.map(({ eni }) => interfaceText(evidence, eni)))
  const to = `${portText(port)} to ${vip.text}`
  const [first] = shut
  if (first !== undefined) {
    const { eni, judgement } = first
    const groups = groupsText(evidence, groupsOf(eni))
    const [groupId] = groupsOf(eni)
    const fix =
      groupId === undefined
        ? null
        : {
            summary: `let the client send ${portText(port)}`,
            commands: [
              authorize(groupId, 'egress', permissionText(port.protocol, port.port, port.port, [rangeOf(vip)])),
            ],
            changes: `Every interface in ${groupId} may then send ${to}.`,
          }
    const says = `${groups} of the client ${names(shut)} let${groupsOf(eni).length === 1 ? 's' : ''} no ${to} out${byGroupOnly(judgement)}.`
    const proof = [cite(eni, 'Groups'), ...judgement.asked.slice(0, 12).map((rule) => rule.proof())]
    return [
      fail('refused', `eni/${idOf(eni)}`, said('the client’s security groups let none out', says), proof, fix, {
        awsCode: judgement.asked.length === 0 ? 'SG_HAS_NO_RULES' : 'ENI_SG_RULES_MISMATCH',
        partial: shut.length < judged.length,
      }),
    ]
  }
  const [doubt] = open
  if (doubt !== undefined)
    return [
      unknown(
        'rules-not-known',
        `eni/${idOf(doubt.eni)}`,
        said(
          'the client’s security group rules not known',
          `It is not known whether the security groups of ${names(open)} let ${to} out.`,
        ),
        doubt.judgement.possible.flatMap(({ gap }) => gap ?? []),
      ),
    ]
  const proof = judged.slice(0, 4).flatMap(({ judgement }) => judgement.rules.slice(0, 2).map((rule) => rule.proof()))
  return [
    pass(
      'allowed',
      `eni/${idOf(judged[0]?.eni ?? {})}`,
      said('the client’s security groups let it out', `The security groups of ${names(judged)} let ${to} out.`),
      proof,
    ),
  ]
}

function byGroupOnly({ asked }: Judgement): string {
  const groups = asked.flatMap(({ peer }) => (peer.kind === 'group' ? [peer.id] : []))
  return groups.length === 0
    ? ''
    : `: a rule to members of ${listText([...new Set(groups)])} does not cover an address that none of them holds`
}
