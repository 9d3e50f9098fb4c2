import { isGap } from '../../evidence/gap.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import { citeRoute, destinations, destinationText, isPropagated, targetOf } from '../../fabric/ec2/routes.ts'
import { rangeHas } from '../../net/range.ts'
import { targetText } from '../../fabric/ec2/words.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/static-shadows-propagated',
  after: 'delivery/vip-not-owned',
  title: 'No route made by hand hides the one that a route server writes for the VIP',
  needs: ['aws/route-tables', 'aws/vpcs', 'aws/subnets', 'aws/network-interfaces'],
  alsoReads: ['kubernetes/nodes', 'aws/managed-prefix-lists'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || !where.insideVpc ? true : `${where.vip.text} lies inside the ranges of ${where.vpcId}.`
  },
  blocks: false,
  run,
  docs: {
    means:
      'A VPC Route Server writes the next hop that BGP chose into route tables, and moves it when a node fails. A static route with the same destination takes precedence over it: packets go on to the old target, and the failover never happens.',
    byHand:
      'aws ec2 describe-route-tables: two routes with the destination VIP/32, one of them with Origin CreateRoute.',
    mend: 'Delete the static route; the propagated one takes over.',
    sources: [
      'Amazon VPC User Guide, "Route priority"',
      'Amazon VPC User Guide, "Dynamic routing in your VPC with Amazon VPC Route Server"',
    ],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const where = vipPlace(evidence, question)
  const { routeTables } = evidence.aws
  const subject = `vip/${question.vip.text}`
  if (isGap(where) || isGap(routeTables))
    return [
      unknown(
        'routes-not-read',
        subject,
        said('which routes name it is not known', 'It is not known which routes name the VIP.'),
        [where, routeTables].filter(isGap),
      ),
    ]
  const { vip, vpcId } = where
  const tables = routeTables.filter(({ VpcId }) => VpcId === vpcId)
  const named = tables.flatMap((table) =>
    (table.Routes ?? []).flatMap((route, index) => {
      const ranges = destinations(evidence, route)
      return !isGap(ranges) && ranges.some((range) => range.prefix > 0 && rangeHas(range, vip))
        ? [{ table, route, index }]
        : []
    }),
  )
  const propagated = named.filter(({ route }) => isPropagated(route))
  if (propagated.length === 0)
    return [skipped('no-propagated-route', subject, `No route server or gateway writes a route to ${vip.text}.`)]
  const shadows = propagated.flatMap((learnt) => {
    const made = named.find(
      ({ table, route }) =>
        table === learnt.table && !isPropagated(route) && destinationText(route) === destinationText(learnt.route),
    )
    return made === undefined ? [] : [{ learnt, made }]
  })
  const [first] = shadows
  if (first === undefined)
    return [
      pass(
        'propagated-alone',
        subject,
        said('its propagated route stands alone', `The propagated route to ${vip.text} stands alone.`),
        propagated.map(citeRoute),
      ),
    ]
  const { learnt, made } = first
  const id = made.table.RouteTableId ?? ''
  const option =
    made.route.DestinationIpv6CidrBlock === undefined ? 'destination-cidr-block' : 'destination-ipv6-cidr-block'
  return [
    warn(
      'hidden-by-static',
      subject,
      said(
        'a static route hides the propagated one',
        `In ${id} a static route sends ${destinationText(made.route)} to ${targetText(targetOf(made.route))} and hides the propagated one to ${targetText(targetOf(learnt.route))}: it stays where it is when a node fails.`,
      ),
      [citeRoute(made), citeRoute(learnt)],
      {
        fix: {
          summary: `delete the static ${shadows.length === 1 ? 'route' : 'routes'}`,
          commands: shadows.map(
            ({ made: { table, route } }) =>
              sh`aws ec2 delete-route --route-table-id ${table.RouteTableId} --${option} ${destinationText(route)}`,
          ),
          changes: 'Connections through the old target break while the propagated route takes over.',
        },
        awsCode: 'HIGHER_PRIORITY_ROUTE',
      },
    ),
  ]
}
