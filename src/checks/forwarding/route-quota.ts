import { cite, type Proof } from '../../evidence/cite.ts'
import type { RouteTable } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { parseCidr, type Cidr } from '../../net/range.ts'
import { nodesBehind } from '../../lb/endpoints.ts'
import { nodeSubnets } from '../../fabric/ec2/delivery.ts'
import { clusterVpc } from '../../fabric/ec2/cluster-vpc.ts'
import { destinations, isPropagated, routeTableOf } from '../../fabric/ec2/routes.ts'
import { listText } from '../../fabric/ec2/words.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, warn, type Draft } from '../finding.ts'

/** The quota of routes that nobody propagates, by family, that an account begins with (Amazon VPC quotas); it can be raised. */
const quota = 50

export default defineCheck({
  id: 'forwarding/route-quota',
  title: 'The route tables of the nodes have room for a route to each node',
  needs: ['aws/route-tables', 'aws/network-interfaces', 'aws/subnets', 'kubernetes/nodes'],
  alsoReads: ['aws/vpcs', 'kubernetes/endpointslices', 'kubernetes/pods'],
  on: ['ec2'],
  ofCluster: true,
  blocks: false,
  run,
  docs: {
    means:
      'A route table takes 50 routes of each family, besides propagated ones, unless the quota was raised. Where every node has a route to its pods, and every VIP outside the VPC one as well, the table fills; create-route is then refused, and the next node has no pods that others reach. This is advice; a warning where the table is full and a node has no route; and a cause where its route controller says besides that it could make none, and the pods are on that node.',
    byHand: 'aws ec2 describe-route-tables --query "RouteTables[].[RouteTableId,length(Routes)]"',
    mend: 'Ask for a higher quota of routes per route table, or use a CNI plugin that needs no routes.',
    sources: ['Amazon VPC User Guide, "Amazon VPC quotas"', 'flannel, Documentation/aws-vpc-backend.md'],
  },
})

function run({ evidence, question }: VipContext): readonly Draft[] {
  const vpcId = clusterVpc(evidence, question.vpcId)
  const subnets = nodeSubnets(evidence, question)
  if (isGap(vpcId) || isGap(subnets))
    return [
      unknown(
        'tables-not-known',
        'vpc/unknown',
        said('the nodes’ route tables are not known', 'It is not known which route tables the nodes use.'),
        [vpcId, subnets].filter(isGap),
      ),
    ]
  const tables = [...new Set(subnets.flatMap((id) => known(routeTableOf(evidence, vpcId, id)) ?? []))]
  const counted = tables.map((table) => ({ table, used: fullest(table) })).sort((one, other) => other.used - one.used)
  const [first] = counted
  if (first === undefined) return []
  const { table, used } = first
  const id = table.RouteTableId ?? ''
  const proof: Proof[] = [cite(table, 'Routes')]
  const lacking = used >= quota ? nodesWithout(evidence, table) : []
  if (lacking.length > 0) {
    const fix = {
      look: [sh`aws ec2 describe-route-tables --route-table-ids ${id} --query 'length(RouteTables[0].Routes)'`],
      advice: 'Ask for a higher quota of routes per route table, or use a CNI plugin that needs no routes.',
    }
    const told = said(
      'a full route table lacks the pods of a node',
      `${id} has ${String(used)} routes, as many as the quota of ${String(quota)} allows unless it was raised, and none to the pods of ${listText(lacking)}.`,
    )
    const behind = nodesBehind(evidence, question)
    const refused = refusedNodes(evidence, lacking)
    const struck = refused.filter(({ name }) => behind.includes(name))
    if (struck.length === 0) return [warn('full', `route-table/${id}`, told, proof, { fix })]
    const names = listText(struck.map(({ name }) => name))
    const says = `${told.says} The route controller could make none either (NoRouteCreated), so nothing reaches the pods on ${names}.`
    return [
      fail('full', `route-table/${id}`, { ...told, says }, [...proof, ...struck.map((one) => one.proof)], fix, {
        blocks: true,
        partial: struck.length < behind.length,
      }),
    ]
  }
  const near = used >= quota - 5 ? `, near the quota of ${String(quota)} that an account begins with` : ''
  return [
    pass(
      'has-room',
      `route-table/${id}`,
      said(
        `${String(used)} of ${String(quota)} routes used`,
        `${id} has ${String(used)} routes of one family that nobody propagates${near}.`,
      ),
      proof,
    ),
  ]
}

/** Those of some nodes on which the route controller says that it has made no route. */
function refusedNodes(
  evidence: Evidence,
  names: readonly string[],
): readonly { readonly name: string; readonly proof: Proof }[] {
  return (known(evidence.kubernetes.nodes) ?? []).flatMap((node) => {
    const name = node.metadata?.name ?? ''
    const at = (node.status?.conditions ?? []).findIndex(
      ({ type, status, reason }) => type === 'NetworkUnavailable' && status === 'True' && reason === 'NoRouteCreated',
    )
    return at === -1 || !names.includes(name) ? [] : [{ name, proof: cite(node, 'status', 'conditions', at, 'reason') }]
  })
}

/** The routes that count, of the family with more of them. */
function fullest({ Routes }: RouteTable): number {
  const own = (Routes ?? []).filter((route) => !isPropagated(route))
  const six = own.filter(({ DestinationIpv6CidrBlock }) => DestinationIpv6CidrBlock !== undefined).length
  return Math.max(six, own.length - six)
}

/** The nodes whose pod range no route names, where those of other nodes are named. */
function nodesWithout(evidence: Evidence, table: RouteTable): readonly string[] {
  const named = (table.Routes ?? []).flatMap((route) => known(destinations(evidence, route)) ?? [])
  const nodes = (known(evidence.kubernetes.nodes) ?? []).flatMap(
    ({ metadata, spec }): { name: string; range: Cidr }[] => {
      const range = parseCidr(spec?.podCIDR)
      return range === null ? [] : [{ name: metadata?.name ?? '', range }]
    },
  )
  const has = ({ range }: { readonly range: Cidr }) => named.some((one) => one.text === range.text)
  return nodes.some(has) ? nodes.filter((node) => !has(node)).map(({ name }) => name) : []
}
