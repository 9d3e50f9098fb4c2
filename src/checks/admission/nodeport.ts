import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { isAtNodePort } from '../../evidence/question.ts'
import { portText, type Port } from '../../net/port.ts'
import { admitsClient, authorize, permissionText, rangesForRule } from '../../fabric/ec2/admission.ts'
import { rangesText } from '../../fabric/ec2/client-set.ts'
import { arrivalInterface } from '../../fabric/ec2/delivery.ts'
import { groupsText, idOf } from '../../fabric/ec2/words.ts'
import { defineCheck, type ServiceNodeContext, type ServiceContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'admission/nodeport',
  title: 'The security groups of the nodes admit the client at the NodePort, where a client uses one',
  needs: ['aws/network-interfaces', 'aws/subnets'],
  alsoReads: ['aws/security-group-rules', 'aws/security-groups', 'aws/vpcs', 'node/ip-link'],
  each: 'receiving',
  on: ['ec2'],
  about: ['service'],
  appliesTo: (context) => (nodePort(context) === null ? 'The Service has no NodePort.' : true),
  blocks: false,
  run,
  docs: {
    means:
      'A client that connects to a node at the NodePort, as a load balancer in front of the nodes does, is judged by the security groups at that port. A client of the VIP is not: it arrives at the port of the Service, and kube-proxy never shows the NodePort to the network. So a closed NodePort is no reason for an unreachable VIP; it is one where ADDRESS:NODEPORT itself is asked about.',
    byHand:
      'kubectl get service NAME -o jsonpath={.spec.ports[*].nodePort} names the port; aws ec2 describe-security-group-rules lists the rules.',
    mend: 'Only where something connects to NodePorts: add an ingress rule for that port from the load balancer, or from the clients where their address is preserved.',
    sources: [
      'Amazon VPC User Guide, "Security group rules"',
      'Kubernetes documentation, "Service", type NodePort',
      'Elastic Load Balancing, "Edit target group attributes", client IP preservation',
    ],
  },
})

function nodePort({ question }: Pick<ServiceContext, 'question'>): Port | null {
  const port = question.servicePort.nodePort
  return port === undefined || port === 0 ? null : { protocol: question.port.protocol, port }
}

function run(context: ServiceNodeContext): readonly Draft[] {
  const { evidence, question, node } = context
  const subject = `node/${node}`
  const port = nodePort(context)
  const asked = isAtNodePort(question)
  const arrival = arrivalInterface(evidence, question, node)
  if (port === null) return []
  if (isGap(arrival) || arrival === null)
    return [
      unknown(
        'arrival-not-known',
        subject,
        said(
          'the node’s interface is not known',
          `It is not known whether ${node} admits ${portText(port)}, its NodePort.`,
        ),
        isGap(arrival) ? [arrival] : [],
        [],
        { blocks: asked },
      ),
    ]
  const admission = admitsClient(evidence, question, arrival, port)
  if (isGap(admission))
    return [
      unknown(
        'client-not-known',
        subject,
        said(
          'the client’s addresses are not known',
          `It is not known whether ${node} admits ${portText(port)}, its NodePort.`,
        ),
        [admission],
        [],
        { blocks: asked },
      ),
    ]
  const { client, groupIds, judgement } = admission
  const groups = groupsText(evidence, groupIds)
  const proof = [cite(arrival, 'Groups'), ...judgement.rules.slice(0, 4).map((rule) => rule.proof())]
  if (judgement.answer === 'all')
    return [
      pass(
        'allowed',
        subject,
        said(
          asked ? `security groups let ${portText(port)} in` : `the NodePort ${portText(port)} is admitted, too`,
          asked
            ? `${groups} of ${idOf(arrival)} (${node}) ${groupIds.length === 1 ? 'admits' : 'admit'} the NodePort ${portText(port)} from ${client.text}.`
            : `${groups} of ${idOf(arrival)} (${node}) would admit the NodePort ${portText(port)} from ${client.text} too.`,
        ),
        proof,
      ),
    ]
  if (!asked)
    return [
      pass(
        'refused-and-not-used',
        subject,
        said(
          'the NodePort is shut, and not used here',
          `The NodePort ${portText(port)} of ${node} is not open to ${client.text}; clients of the VIP do not use it.`,
        ),
        proof,
      ),
    ]
  if (judgement.answer === 'unknown')
    return [
      unknown(
        'rules-not-known',
        subject,
        said(
          'security group rules not known',
          `It is not known whether ${node} admits ${portText(port)} from ${client.text}.`,
        ),
        judgement.possible.flatMap(({ gap }) => gap ?? []),
        proof,
        { blocks: asked },
      ),
    ]
  const ranges = rangesForRule(evidence, question, client, arrival.VpcId ?? '')
  const [groupId] = groupIds
  const fix =
    groupId === undefined
      ? null
      : {
          summary: `admit ${portText(port)} in ${groupId}`,
          commands: [authorize(groupId, 'ingress', permissionText(port.protocol, port.port, port.port, ranges))],
          changes: `Admits ${portText(port)} from ${rangesText(ranges)} to every interface in ${groupId}.`,
        }
  const from = judgement.answer === 'some' ? rangesText(judgement.refused) : client.text
  const says = `${groups} of ${idOf(arrival)} (${node}) refuse the NodePort ${portText(port)} from ${from}.`
  const more = { blocks: true, awsCode: 'ENI_SG_RULES_MISMATCH', partial: judgement.answer === 'some' }
  return [fail('refused', subject, said('security groups refuse the NodePort', says), proof, fix, more)]
}
