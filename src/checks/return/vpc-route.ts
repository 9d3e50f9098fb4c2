import { isGap } from '../../evidence/gap.ts'
import { clientPath } from '../../fabric/ec2/client-path.ts'
import { clientSet } from '../../fabric/ec2/client-set.ts'
import { citeRoute, citeRoutes, destinationText, routeTableOf } from '../../fabric/ec2/routes.ts'
import { targetText } from '../../fabric/ec2/words.ts'
import { answerInterface } from '../../journey/answer-interface.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { fail, pass, unknown, type Draft } from '../finding.ts'

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
    return [unknown('arrival-not-known', `node/${node}`, doubt, isGap(arrival) ? [arrival] : [])]
  const subject = `subnet/${arrival.SubnetId ?? ''}`
  const client = clientSet(evidence, question, arrival)
  const table = routeTableOf(evidence, arrival.VpcId ?? '', arrival.SubnetId ?? '')
  if (isGap(client) || isGap(table)) return [unknown('client-not-known', subject, doubt, [client, table].filter(isGap))]
  const path = clientPath(evidence, arrival, client)
  if (isGap(path) || path === null) return [unknown('routes-not-read', subject, doubt, isGap(path) ? [path] : [])]
  const id = table.RouteTableId ?? ''
  const { match, target } = path
  const hint = {
    commands: [`aws ec2 describe-route-tables --route-table-ids ${id}`],
    changes:
      "Nothing changes; it shows the table. Which gateway leads to the client is the network's own design: create the route to that one.",
  }
  if (match === null || target === null) {
    return [
      fail(
        'no-route',
        subject,
        `${id} of ${arrival.SubnetId ?? ''} has no route to ${client.text}: answers are dropped.`,
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
      fail('blackhole', subject, `${name}, to ${client.text}, is a blackhole: answers are dropped.`, proof, hint, {
        awsCode: 'BAD_STATE_ROUTE',
      }),
    ]
  if (target.kind === 'nat-gateway')
    return [
      fail(
        'translated',
        subject,
        `${name} sends answers for ${client.text} to ${targetText(target)}, which translates them to another address: the client takes them for nobody's.`,
        proof,
        hint,
        { awsCode: 'IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS' },
      ),
    ]
  return [
    pass('leads-back', subject, `${name} leads answers back to ${client.text}, over ${targetText(target)}.`, proof),
  ]
}
