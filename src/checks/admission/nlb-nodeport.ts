import { cite } from '../../evidence/cite.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { portText, type Port } from '../../net/port.ts'
import { authorize, permissionText } from '../../fabric/ec2/admission.ts'
import { arrivalInterface } from '../../fabric/ec2/delivery.ts'
import { holdingsOf, interfacesOfVpc } from '../../fabric/ec2/holders.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'
import { numberOf } from '../../fabric/ec2/ip-protocol.ts'
import { groupsOf, judgeGroups } from '../../fabric/ec2/security-groups.ts'
import { groupsText, idOf, listText } from '../../fabric/ec2/words.ts'
import { defineCheck, type ServiceNodeContext, type ServiceContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'admission/nlb-nodeport',
  after: 'admission/nodeport',
  title: 'The nodes admit the load balancers of the VPC at the NodePort and at the port of its health check',
  needs: ['aws/network-interfaces'],
  alsoReads: ['aws/security-group-rules', 'aws/security-groups', 'aws/vpcs', 'aws/subnets', 'node/ip-link'],
  each: 'receiving',
  on: ['ec2'],
  about: ['service'],
  appliesTo: (context) => (portsOf(context).length === 0 ? 'The Service has no NodePort.' : true),
  blocks: false,
  run,
  docs: {
    means:
      'A Network Load Balancer in front of the nodes connects to the NodePort, not to the VIP, and asks a health check port: healthCheckNodePort with externalTrafficPolicy: Local, else the one of its target group (kube-proxy answers on 10256). Where the security groups of the nodes refuse these from the addresses of the load balancer, its targets are unhealthy. Whether a load balancer of the VPC has this Service behind it is not in the evidence: this is a warning, and never the reason for an unreachable VIP.',
    byHand:
      'aws elbv2 describe-target-health --target-group-arn ARN shows the reason; aws ec2 describe-security-group-rules lists the rules.',
    mend: "Admit the NodePort and the health check port from the load balancer's security group or addresses; with client IP preservation admit the NodePort from the clients.",
    sources: [
      'Elastic Load Balancing, "Target groups for your Network Load Balancers"',
      'Kubernetes documentation, "Create an External Load Balancer"',
    ],
  },
})

function portsOf({ question }: Pick<ServiceContext, 'question'>): readonly Port[] {
  const { service, servicePort, port } = question
  const nodePort = servicePort.nodePort
  const health = service.spec?.healthCheckNodePort
  const found: Port[] = nodePort === undefined || nodePort === 0 ? [] : [{ protocol: port.protocol, port: nodePort }]
  return health === undefined || health === 0 || found.length === 0
    ? found
    : [...found, { protocol: 'tcp', port: health }]
}

const balancersOf = perEvidenceAnd((evidence: Evidence, vpcId: string): readonly NetworkInterface[] =>
  (known(interfacesOfVpc(evidence, vpcId)) ?? []).filter(
    ({ InterfaceType, Description }) =>
      InterfaceType === 'network_load_balancer' || Description?.startsWith('ELB net/') === true,
  ),
)

function run(context: ServiceNodeContext): readonly Draft[] {
  const { evidence, question, node } = context
  const subject = `node/${node}`
  const arrival = arrivalInterface(evidence, question, node)
  if (isGap(arrival) || arrival === null)
    return [
      unknown(
        'arrival-not-known',
        subject,
        said('the node’s interface is not known', `It is not known which interface ${node} has.`),
        isGap(arrival) ? [arrival] : [],
      ),
    ]
  const vpcId = arrival.VpcId ?? ''
  const balancers = balancersOf(evidence, vpcId)
  if (balancers.length === 0)
    return [skipped('no-nlb', subject, 'No interface of a Network Load Balancer is in the VPC.')]
  const peers = balancers.flatMap((eni) => holdingsOf(eni).flatMap(({ range }) => (range.family === 4 ? [range] : [])))
  const judged = portsOf(context).map((port) => ({
    port,
    judgement: judgeGroups(evidence, groupsOf(arrival), vpcId, 'ingress', {
      protocol: numberOf(port.protocol),
      port: port.port,
      peers,
      groupsKnown: true,
    }),
  }))
  const names = listText(
    balancers.map(({ Description, NetworkInterfaceId }) => Description ?? NetworkInterfaceId ?? ''),
  )
  const proof = [cite(arrival, 'Groups'), ...balancers.slice(0, 4).map((eni) => cite(eni, 'PrivateIpAddress'))]
  const shut = judged.filter(({ judgement }) => judgement.answer === 'none' || judgement.answer === 'some')
  const groups = groupsText(evidence, groupsOf(arrival))
  if (shut.length > 0) {
    const ports = listText(shut.map(({ port }) => portText(port)))
    const [groupId] = groupsOf(arrival)
    const commands =
      groupId === undefined
        ? []
        : shut.map(({ port }) =>
            authorize(groupId, 'ingress', permissionText(port.protocol, port.port, port.port, peers)),
          )
    const fix = {
      summary: `admit the load balancer at ${ports}`,
      commands,
      changes: `Admits the load balancer at ${ports} to every interface in ${groupId ?? ''}; new addresses of it are not covered.`,
    }
    return [
      warn(
        'refused',
        subject,
        said(
          'a load balancer is refused at the NodePort',
          `${groups} of ${idOf(arrival)} (${node}) refuse${groupsOf(arrival).length === 1 ? 's' : ''} ${ports} from ${names}: if it has the Service behind it, ${node} is unhealthy to it.`,
        ),
        proof,
        { fix, awsCode: 'ENI_SG_RULES_MISMATCH' },
      ),
    ]
  }
  const open = judged.filter(({ judgement }) => judgement.answer === 'unknown')
  if (open.length > 0)
    return [
      unknown(
        'rules-not-known',
        subject,
        said(
          'security group rules not known',
          `It is not known whether ${node} admits ${names} at ${listText(open.map(({ port }) => portText(port)))}.`,
        ),
        open.flatMap(({ judgement }) => judgement.possible.flatMap(({ gap }) => gap ?? [])),
        proof,
      ),
    ]
  return [
    pass(
      'allowed',
      subject,
      said(
        'load balancers are admitted at the NodePort',
        `${node} admits ${names} at ${listText(judged.map(({ port }) => portText(port)))}.`,
      ),
      proof,
    ),
  ]
}
