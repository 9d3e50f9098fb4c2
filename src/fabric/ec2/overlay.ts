import { sh, word, type Command } from '../../net/shell.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Gap, type Known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import type { Address } from '../../net/address.ts'
import { bitsOf } from '../../net/address.ts'
import { clientSubnets, vpcDelivery, type VipPlace } from './delivery.ts'
import { nodeInterfaces, nodeOfInterface } from './node-interfaces.ts'
import type { Remedy } from '../../net/remedy.ts'
import { interfaceOf, routeFor, routeTableOf, targetOf, type RouteMatch } from './routes.ts'
import type { NetworkInterface, RouteTable } from '../../evidence/ec2/kinds.ts'
import { idOf, interfaceText } from './words.ts'

/** What one subnet's route table does with a VIP outside the VPC. */
export interface SubnetRoute {
  readonly subnetId: string
  readonly table: RouteTable
  /** The match; null where none names the VIP: a default route names nothing. */
  readonly match: RouteMatch | null
  /** The default route that the packet falls to instead, where there is one. */
  readonly fallsTo: RouteMatch | null
}

/** What the route tables of the client's subnets do with the VIP; `others` are further subnets with nodes, from which this client does not come. */
export interface OverlayRoutes {
  readonly client: readonly SubnetRoute[]
  readonly others: readonly SubnetRoute[]
  readonly gaps: readonly Gap[]
}

/** For the default client, the subnet that counts is that of the interface which gets the packet; where none does, all subnets with nodes. */
export function overlayRoutes(evidence: Evidence, question: Question, { vip, vpcId }: VipPlace): Known<OverlayRoutes> {
  const subnets = clientSubnets(evidence, question, vpcId)
  if (isGap(subnets)) return subnets
  const delivery = known(vpcDelivery(evidence, question))
  const own = delivery?.by === 'route' ? delivery.interface.SubnetId : undefined
  const isClient = (id: string) => question.client.kind !== 'vpc' || own === undefined || own === id
  const routes: SubnetRoute[] = []
  const gaps: Gap[] = []
  for (const subnetId of subnets) {
    const route = subnetRoute(evidence, vpcId, subnetId, vip)
    if (isGap(route)) gaps.push(route)
    else routes.push(route)
  }
  return {
    client: routes.filter(({ subnetId }) => isClient(subnetId)),
    others: routes.filter(({ subnetId }) => !isClient(subnetId)),
    gaps,
  }
}

function subnetRoute(evidence: Evidence, vpcId: string, subnetId: string, vip: Address): Known<SubnetRoute> {
  const table = routeTableOf(evidence, vpcId, subnetId)
  if (isGap(table)) return table
  const match = routeFor(evidence, table, vip)
  if (isGap(match)) return match
  const isDefault = match !== null && match.prefix.prefix === 0
  return { subnetId, table, match: isDefault ? null : match, fallsTo: isDefault ? match : null }
}

export const leadsToInterface = ({ match }: SubnetRoute): boolean =>
  match !== null && targetOf(match.route).kind === 'interface'

/**
 * The interface that a route to the VIP should lead to: the one of a node to which another table's route leads already, else that of the node
 * that would receive it, else the first node's. `wanting`: the tables that are to get the route.
 */
export function routeTargetFor(
  evidence: Evidence,
  question: Question,
  { vip, vpcId }: VipPlace,
  nodes: readonly string[],
  wanting: readonly RouteTable[],
): NetworkInterface | null {
  const own = known(nodeInterfaces(evidence, question.vpcId))
  if (own === null) return null
  const all = [...own.values()].flat()
  const others = (known(evidence.aws.routeTables) ?? []).filter((one) => one.VpcId === vpcId && !wanting.includes(one))
  const [led] = others.flatMap((table) => {
    const match = known(routeFor(evidence, table, vip))
    if (match === null || match.prefix.prefix === 0 || match.route.State === 'blackhole') return []
    const target = known(interfaceOf(evidence, vpcId, match.route))
    return all.find(({ NetworkInterfaceId }) => NetworkInterfaceId === target?.NetworkInterfaceId) ?? []
  })
  const [preferred] = nodes.flatMap((node) => own.get(node)?.[0] ?? [])
  return led ?? preferred ?? all[0] ?? null
}

/** The commands that make these tables lead to an interface, and that interface take what is not addressed to it. */
export function routeFix(
  evidence: Evidence,
  verb: 'create-route' | 'replace-route',
  tables: readonly RouteTable[],
  vip: Address,
  eni: NetworkInterface | null,
): Remedy | null {
  if (eni === null) return null
  const option = `--destination-${vip.family === 4 ? '' : 'ipv6-'}cidr-block`
  const ids = [...new Set(tables.map(({ RouteTableId }) => RouteTableId ?? ''))]
  const commands = ids.map(
    (id) =>
      sh`aws ec2 ${verb} --route-table-id ${id} ${word(option)} ${vip.text}/${bitsOf(vip.family)} --network-interface-id ${eni.NetworkInterfaceId}`,
  )
  return {
    summary: `route the VIP to ${known(nodeOfInterface(evidence, eni)) ?? idOf(eni)}`,
    commands: eni.SourceDestCheck === false ? commands : [...commands, checkOff(eni)],
    changes: `Every subnet of ${ids.length === 1 ? 'this table' : 'these tables'} sends ${vip.text} to ${interfaceText(evidence, eni)} from then on, also while its instance is down: no health is checked, something must replace the route on failover. The routes count against the table's quota.`,
  }
}

/** The command that turns an interface's source/destination check off. */
export const checkOff = ({ NetworkInterfaceId }: NetworkInterface): Command =>
  sh`aws ec2 modify-network-interface-attribute --network-interface-id ${NetworkInterfaceId} --no-source-dest-check`
