import { isGap } from '../../evidence/gap.ts'
import { clientPath } from '../../fabric/ec2/client-path.ts'
import { clientSet } from '../../fabric/ec2/client-set.ts'
import { arrivalInterface, vipPlace } from '../../fabric/ec2/delivery.ts'
import { ladder } from '../../fabric/ec2/assign.ts'
import { citeRoute } from '../../fabric/ec2/routes.ts'
import { idOf, targetText } from '../../fabric/ec2/words.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/path-cannot-carry-vip',
  title: "The client's way into the VPC can carry a VIP of this kind",
  needs: ['aws/network-interfaces', 'aws/subnets', 'aws/vpcs', 'aws/route-tables'],
  alsoReads: ['aws/managed-prefix-lists', 'kubernetes/nodes'],
  each: 'receiving',
  on: ['ec2'],
  appliesTo: ({ question }) => (question.client.kind === 'vpc' ? 'The client is in the subnet of the node.' : true),
  blocks: true,
  consequenceOf: ['delivery/public-vip-is-translated'],
  run,
  docs: {
    means:
      'A VIP outside the ranges of the VPC lives by a route, and some ways into a VPC do not follow such routes: over a peering connection the destination must lie in the range of the VPC, and a virtual private gateway or an internet gateway delivers only to addresses that interfaces hold. A transit gateway can carry it with a route of its own. A VIP that an interface holds passes all of them, from the internet by its public address.',
    byHand:
      "aws ec2 describe-route-tables of the receiving subnet: the target of the route to the client's address is the way that the client comes.",
    mend: 'Put a Network Load Balancer in front, use a transit gateway with routes for the VIP, or take a VIP that an interface of a node can hold.',
    sources: [
      'Reachability Analyzer explanation codes, PCX_REQUIRES_ADDRESS_IN_VPC_CIDR, VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS, IGW_DESTINATION_ADDRESS_IN_VPC_CIDRS',
      'AWS SAP guide, "Overlay IP architecture with AWS Transit Gateway"',
    ],
  },
})

const codes: Readonly<Record<string, string>> = {
  peering: 'PCX_REQUIRES_ADDRESS_IN_VPC_CIDR',
  'vpn-gateway': 'VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS',
  'internet-gateway': 'IGW_DESTINATION_ADDRESS_IN_VPC_CIDRS',
}

function run({ evidence, question, node }: VipNodeContext): readonly Draft[] {
  const vip = question.vip.text
  const subject = `vip/${vip}`
  const where = vipPlace(evidence, question)
  const arrival = arrivalInterface(evidence, question, node)
  const doubt = said('the client’s way is not known', `It is not known by which way the client reaches ${vip}.`)
  if (isGap(where)) return [unknown('vpc-not-known', subject, doubt, [where])]
  if (isGap(arrival) || arrival === null)
    return [unknown('arrival-not-known', subject, doubt, isGap(arrival) ? [arrival] : [])]
  const client = clientSet(evidence, question, arrival)
  if (isGap(client)) return [unknown('client-not-known', subject, doubt, [client])]
  const path = clientPath(evidence, arrival, client)
  if (isGap(path)) return [unknown('routes-not-read', subject, doubt, [path])]
  if (path?.match == null || path.target === null)
    return [
      skipped('no-route-back', subject, `No route leads from ${arrival.SubnetId ?? idOf(arrival)} to ${client.text}.`),
    ]
  const { target, match } = path
  const proof = [citeRoute(match)]
  const way = targetText(target)
  if (target.kind === 'local')
    return [
      pass('inside-vpc', subject, said('the client is inside the VPC', `${client.text} is inside the VPC.`), proof),
    ]
  if (target.kind === 'transit-gateway')
    return [
      unknown(
        'gateway-routes-not-seen',
        subject,
        said(
          'the routes of a transit gateway are not seen',
          `${client.text} comes over ${way}, whose own route tables are not in the evidence.`,
        ),
        [],
        proof,
      ),
    ]
  if (where.insideVpc) {
    if (target.kind === 'peering')
      return [
        unknown(
          'other-side-not-seen',
          subject,
          said(
            'the routes of the other side are not seen',
            `${client.text} comes over ${way}, and the route tables of its other side are not in the evidence.`,
          ),
          [],
          proof,
        ),
      ]
    return [
      pass(
        'carries-held-address',
        subject,
        said(
          'the client’s way carries a held address',
          `${client.text} comes over ${way}, which carries an address that an interface holds.`,
        ),
        proof,
      ),
    ]
  }
  const awsCode = codes[target.kind]
  if (awsCode === undefined)
    return [
      unknown(
        'carrying-not-known',
        subject,
        said(
          'whether the client’s way carries it is not known',
          `${client.text} comes over ${way}; whether that carries an address outside the VPC is not known.`,
        ),
        [],
        proof,
      ),
    ]
  return [
    fail(
      'not-carried',
      subject,
      said(
        'the client’s way does not carry it',
        `${client.text} comes over ${way}, which does not deliver to ${vip}, an address outside the ranges of ${where.vpcId}.`,
      ),
      proof,
      {
        look: ['aws ec2 describe-transit-gateways', 'aws elbv2 describe-load-balancers'],
        advice: `A transit gateway or a load balancer could carry the client. ${ladder(null)}`,
      },
      { awsCode },
    ),
  ]
}
