import { isGap } from '../../evidence/gap.ts'
import { addressOf } from '../../net/address.ts'
import { vipPlace } from '../../fabric/ec2/delivery.ts'
import { holdersOf } from '../../fabric/ec2/holders.ts'
import { citeRoute, destinationText, targetOf, type RouteMatch } from '../../fabric/ec2/routes.ts'
import { routeInsideVpc } from '../../fabric/ec2/whole-subnet-route.ts'
import { subnetPlaces } from '../../fabric/ec2/address-space.ts'
import { listText, targetText } from '../../fabric/ec2/words.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'delivery/route-inside-vpc',
  after: 'delivery/source-dest-check',
  title: 'No route takes the place of ownership for a VIP inside the VPC',
  needs: ['aws/route-tables', 'aws/subnets', 'aws/network-interfaces'],
  alsoReads: ['aws/vpcs', 'kubernetes/nodes', 'node/ip-link'],
  on: ['ec2'],
  appliesTo: ({ evidence, question }) => {
    const where = vipPlace(evidence, question)
    return isGap(where) || where.insideVpc ? true : `${where.vip.text} lies outside the ranges of ${where.vpcId}.`
  },
  blocks: false,
  consequenceOf: ['delivery/vip-not-owned'],
  run,
  docs: {
    means:
      'A route inside the VPC\'s own ranges must name a whole subnet; EC2 refuses VIP/32 ("Route destination doesn\'t match any subnet CIDR blocks"). A route for the whole subnet takes the traffic of other subnets to that subnet through its target, the VIPs in it included, while hosts in the same subnet never ask a route table.',
    byHand: 'aws ec2 describe-route-tables: a destination inside the ranges of the VPC with another target than local.',
    mend: 'Put the VIP on an interface as a secondary address, or move the pool outside the ranges of the VPC and route it there.',
    sources: [
      'Amazon VPC User Guide, "Subnet route tables", considerations',
      'Reachability Analyzer explanation codes, VPC_LOCAL_ROUTE_CIDR_RESTRICTION',
    ],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const where = vipPlace(evidence, question)
  const subject = `vip/${question.vip.text}`
  if (isGap(where))
    return [
      unknown('vpc-not-known', subject, said('its VPC is not known', 'It is not known in which VPC the VIP lies.'), [
        where,
      ]),
    ]
  const { vip, vpcId } = where
  const found = routeInsideVpc(evidence, where)
  const holders = holdersOf(evidence, vpcId, vip)
  const places = subnetPlaces(evidence, vpcId)
  if (isGap(found) || isGap(holders) || isGap(places))
    return [
      unknown(
        'routes-not-read',
        subject,
        said('which routes name it is not known', `It is not known which routes name ${vip.text}.`),
        [found, holders, places].filter(isGap),
      ),
    ]
  if (found === null)
    return [
      pass(
        'no-other-route',
        subject,
        said('no other route covers it', `No route but the VPC's own covers ${vip.text}.`),
        [],
      ),
    ]
  const whole = places.some(({ range }) => range.text === found.prefix.text)
  if (!whole) return [impossible(subject, found)]
  const tables = (found.table.Associations ?? []).flatMap(({ SubnetId }) => SubnetId ?? [])
  const who = tables.length === 0 ? `subnets that use ${found.table.RouteTableId ?? ''}` : listText(tables)
  const owned = holders.length > 0 ? ', past the interface that holds it' : ', though no interface holds it'
  const says = `A route of ${found.table.RouteTableId ?? ''} sends the whole subnet ${found.prefix.text} to ${targetText(targetOf(found.route))}: clients in other subnets of ${who} reach ${vip.text} through that${owned}.`
  return [
    warn('whole-subnet-route', subject, said('a route takes its whole subnet elsewhere', says), [citeRoute(found)], {
      awsCode: 'MORE_SPECIFIC_ROUTE',
      fix: {
        look: [sh`aws ec2 describe-route-tables --route-table-ids ${found.table.RouteTableId}`],
        advice: 'Where no appliance is meant to see these packets, delete the route.',
      },
    }),
  ]
}

/** EC2 refuses such a route; evidence that shows one was not printed by EC2 itself, or was edited. */
function impossible(subject: string, { table, route, prefix }: RouteMatch & { readonly index: number }): Draft {
  const text = addressOf(prefix.family, prefix.first).text
  return fail(
    'not-a-whole-subnet',
    subject,
    said(
      'a route that EC2 accepts nowhere covers it',
      `${table.RouteTableId ?? ''} shows a route ${destinationText(route)} inside the ranges of the VPC that is no whole subnet: EC2 accepts none, and ${text} is delivered to its owner only.`,
    ),
    [citeRoute({ table, index: (table.Routes ?? []).indexOf(route) })],
    {
      summary: 'delete the route',
      commands: [
        sh`aws ec2 delete-route --route-table-id ${table.RouteTableId} --destination-${prefix.family === 4 ? '' : 'ipv6-'}cidr-block ${destinationText(route)}`,
      ],
      changes: 'Nothing that EC2 delivers depends on it; the VIP needs an owner, or a pool outside the VPC.',
    },
    { awsCode: 'VPC_LOCAL_ROUTE_CIDR_RESTRICTION' },
  )
}
