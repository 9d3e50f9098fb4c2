import { isGap } from '../../evidence/gap.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import {
  leadsToInterface,
  overlayRoutes,
  routeFix,
  routeTargetFor,
  type SubnetRoute,
} from '../../fabric/ec2/overlay.ts'
import { citeRoute, citeRoutes, destinationText, targetOf } from '../../fabric/ec2/routes.ts'
import { listText, targetText } from '../../fabric/ec2/words.ts'
import { counted } from '../../net/words.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, warn, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'delivery/overlay-no-route',
  after: 'delivery/owner-detached',
  title: "A route of the client's subnet leads to a VIP outside the VPC",
  needs: ['aws/route-tables', 'aws/vpcs', 'aws/subnets', 'aws/network-interfaces'],
  alsoReads: ['kubernetes/nodes', 'aws/managed-prefix-lists', 'node/ip-link'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || !where.insideVpc
      ? true
      : `${where.vip.text} lies inside the ranges of ${where.vpcId}: there its owner decides, not a route.`
  },
  blocks: true,
  run,
  docs: {
    means:
      "An address outside every range of the VPC is nobody's; a packet for it goes where the route table of the sender's subnet sends it. Without a route for it the packet falls to the default route and leaves for the internet, or is dropped. Every table of a subnet with clients needs the route, the main table and those of transit gateway attachments too.",
    byHand:
      'aws ec2 describe-route-tables --filters Name=route.destination-cidr-block,Values=VIP/32 lists the tables that name it.',
    mend: 'Create the route in each of those tables, to the interface of a node with its source/destination check off; or let MetalLB speak BGP with a VPC Route Server, which writes such routes itself.',
    sources: [
      'Amazon VPC User Guide, "Route tables"',
      'AWS SAP guide, "Overlay IP architecture"',
      'ClusterLabs resource-agents, heartbeat/aws-vpc-move-ip',
    ],
  },
})

function run({ evidence, question, receiving }: VipContext): readonly Draft[] {
  const subject = `vip/${question.vip.text}`
  const where = vipPlace(evidence, question)
  if (isGap(where))
    return [
      unknown(
        'vpc-not-known',
        subject,
        said('its VPC is not known', 'It is not known in which VPC the VIP is asked for.'),
        [where],
      ),
    ]
  const routes = overlayRoutes(evidence, question, where)
  if (isGap(routes))
    return [
      unknown(
        'tables-not-read',
        subject,
        said('the route tables are not known', `It is not known which route tables lead to ${where.vip.text}.`),
        [routes],
      ),
    ]
  const { client, others, gaps } = routes
  const lost = client.filter((route) => !leadsToInterface(route))
  const fixFor = (lacking: readonly SubnetRoute[]): Remedy | null => {
    const wanting = tables(lacking)
    const target = routeTargetFor(evidence, question, where, receiving.nodes, wanting)
    return routeFix(evidence, 'create-route', wanting, where.vip, target)
  }
  if (lost.length === 0 && client.length > 0) {
    const lacking = others.filter((route) => !leadsToInterface(route))
    return [
      pass(
        'client-has-route',
        subject,
        said(
          'a route of the client’s subnet leads to a node',
          `${ofTables(client)} ${where.vip.text} to ${targetText(targetOf((client[0] as Found).match.route))}.`,
        ),
        client.flatMap(proofOf),
      ),
      ...(lacking.length === 0
        ? []
        : [
            warn(
              'other-subnets-lack-route',
              subject,
              said(
                `${counted(lacking.length, 'other subnet')} ${lacking.length === 1 ? 'has' : 'have'} no route to it`,
                `Clients in ${listText(lacking.map(({ subnetId }) => subnetId))} have no route to ${where.vip.text}.`,
              ),
              lacking.flatMap(proofOf),
              withFix(fixFor(lacking)),
            ),
          ]),
    ]
  }
  const elsewhere = lost.find(({ match }) => match !== null && targetOf(match.route).kind === 'transit-gateway')
  if (gaps.length > 0 || elsewhere !== undefined) {
    const why = elsewhere === undefined ? '' : `: ${sends(elsewhere)}, whose own tables are not in the evidence`
    return [
      unknown(
        'route-not-known',
        subject,
        said(
          'whether a route leads to it is not known',
          `It is not known whether a route leads to ${where.vip.text}${why}.`,
        ),
        gaps,
        lost.flatMap(proofOf),
      ),
    ]
  }
  if (client.length === 0)
    return [
      unknown(
        'client-subnets-not-known',
        subject,
        said(
          'the clients’ subnets are not known',
          `It is not known in which subnets the clients of ${where.vip.text} are.`,
        ),
        [],
      ),
    ]
  const says = `${where.vip.text} lies outside the VPC, and no route of ${listText(tables(lost).map(({ RouteTableId }) => RouteTableId ?? ''))} leads to a node for it${instead(lost)}.`
  const partial = lost.length < client.length
  return [
    fail('no-route', subject, said('no route leads to a node for it', says), lost.flatMap(proofOf), fixFor(lost), {
      awsCode: 'NO_ROUTE_TO_DESTINATION',
      partial,
    }),
  ]
}

const withFix = (fix: Remedy | null) => (fix === null ? {} : { fix })

type Found = SubnetRoute & { readonly match: NonNullable<SubnetRoute['match']> }

const tables = (routes: readonly SubnetRoute[]) => [...new Set(routes.map(({ table }) => table))]
const proofOf = ({ match, fallsTo, table }: SubnetRoute) => {
  const route = match ?? fallsTo
  return route === null ? [citeRoutes(table)] : [citeRoute(route)]
}

function ofTables(routes: readonly SubnetRoute[]): string {
  const ids = tables(routes).map(({ RouteTableId }) => RouteTableId ?? '')
  return `${ids.length === 1 ? 'Route table' : 'Route tables'} ${listText(ids)} ${ids.length === 1 ? 'sends' : 'send'}`
}

const sends = ({ match }: SubnetRoute): string =>
  match === null ? '' : `route ${destinationText(match.route)} leads to ${targetText(targetOf(match.route))}`

function instead(lost: readonly SubnetRoute[]): string {
  const wrong = lost.find(({ match }) => match !== null)
  if (wrong !== undefined) return `: ${sends(wrong)}`
  const route = lost.find(({ fallsTo }) => fallsTo !== null)?.fallsTo
  return route === undefined || route === null
    ? ''
    : `; it falls to the default route, to ${targetText(targetOf(route.route))}`
}
