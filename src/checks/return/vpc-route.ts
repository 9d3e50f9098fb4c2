import { isGap } from '../../evidence/gap.ts'
import { clientPath } from '../../fabric/ec2/client-path.ts'
import { clientSet } from '../../fabric/ec2/client-set.ts'
import { citeRoute, citeRoutes, destinationText, routeTableOf } from '../../fabric/ec2/routes.ts'
import { targetText } from '../../fabric/ec2/words.ts'
import { sh } from '../../net/shell.ts'
import { answerInterface } from '../../journey/answer-interface.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'return/vpc-route',
  title: 'The route table of the receiving subnet leads back to the client',
  needs: ['aws/route-tables', 'aws/network-interfaces', 'aws/subnets'],
  alsoReads: ['aws/vpcs', 'aws/managed-prefix-lists', 'kubernetes/nodes'],
  each: 'receiving',
  on: ['ec2'],
  appliesTo: ({ question }) =>
    question.client.kind === 'vpc' ? 'The client is in the subnet of the node: answers meet no route.' : true,
  blocks: true,
  run,
  docs: {
    means:
      "The answer leaves by the route table of the receiving node's subnet. For a client outside the VPC it needs a route to the client's network, over the same peering connection, gateway or transit gateway by which the client came; for one on the internet a route to an internet gateway, not to a NAT gateway, which would answer from another address.",
    byHand:
      "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=SUBNET: look for the client's network.",
    mend: "Create a route to the client's network in that table.",
    sources: [
      'Amazon VPC User Guide, "Route tables"',
      'Reachability Analyzer explanation codes, NO_ROUTE_TO_DESTINATION and IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS',
    ],
  },
})

function run({ evidence, question, node }: VipNodeContext): readonly Draft[] {
  const arrival = answerInterface(evidence, question, node)
  const doubt = `It is not known whether answers from ${node} find their way back.`
  if (isGap(arrival) || arrival === null)
    return [
      unknown(
        'arrival-not-known',
        `node/${node}`,
        said('the interface it comes in by is not known', doubt),
        isGap(arrival) ? [arrival] : [],
      ),
    ]
  const subject = `subnet/${arrival.SubnetId ?? ''}`
  const client = clientSet(evidence, question, arrival)
  const table = routeTableOf(evidence, arrival.VpcId ?? '', arrival.SubnetId ?? '')
  if (isGap(client) || isGap(table)) {
    const brief = isGap(client) ? 'the client is not known' : 'the route table is not known'
    return [unknown('client-not-known', subject, said(brief, doubt), [client, table].filter(isGap))]
  }
  const path = clientPath(evidence, arrival, client)
  if (isGap(path) || path === null)
    return [unknown('routes-not-read', subject, said('the way back is not known', doubt), isGap(path) ? [path] : [])]
  const id = table.RouteTableId ?? ''
  const { match, target } = path
  const hint = {
    look: [sh`aws ec2 describe-route-tables --route-table-ids ${id}`],
    advice: `Which gateway leads to the client is the network's own design: create the route to that one in ${id}.`,
  }
  if (match === null || target === null) {
    return [
      fail(
        'no-route',
        subject,
        said(
          'no route back to the client',
          `${id} of ${arrival.SubnetId ?? ''} has no route to ${client.text}: answers are dropped.`,
        ),
        [citeRoutes(table)],
        hint,
        { awsCode: 'NO_ROUTE_TO_DESTINATION' },
      ),
    ]
  }
  const proof = [citeRoute(match)]
  const name = `Route ${destinationText(match.route)} of ${id}`
  if (match.route.State === 'blackhole')
    return [
      fail(
        'blackhole',
        subject,
        said('the route back is a blackhole', `${name}, to ${client.text}, is a blackhole: answers are dropped.`),
        proof,
        hint,
        { awsCode: 'BAD_STATE_ROUTE' },
      ),
    ]
  if (target.kind === 'nat-gateway')
    return [
      fail(
        'translated',
        subject,
        said(
          'a NAT gateway translates the answer',
          `${name} sends answers for ${client.text} to ${targetText(target)}, which translates them to another address: the client takes them for nobody's.`,
        ),
        proof,
        hint,
        { awsCode: 'IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS' },
      ),
    ]
  return [
    pass(
      'leads-back',
      subject,
      said(
        target.kind === 'local' ? 'the route back stays inside the VPC' : `answers leave over ${targetText(target)}`,
        `${name} leads answers back to ${client.text}, over ${targetText(target)}.`,
      ),
      proof,
    ),
  ]
}
