import type { NetworkInterface, Route, RouteTable } from '../../evidence/ec2/kinds.ts'
import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gap, isGap, type Gap, type Known } from '../../evidence/gap.ts'
import { bitsOf, type Address } from '../../net/address.ts'
import { parseCidr, rangeHas, type Cidr } from '../../net/range.ts'
import { lackingInterfaces } from '../../evidence/lacking.ts'
import { interfacesOfVpc } from './holders.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'

const file = 'aws/describe-route-tables.json'

interface TableIndex {
  readonly bySubnet: ReadonlyMap<string, RouteTable>
  readonly main: RouteTable | null
}

const tablesOf = perEvidenceAnd((evidence: Evidence, vpcId: string): Known<TableIndex> => {
  const { routeTables } = evidence.aws
  if (isGap(routeTables)) return routeTables
  const bySubnet = new Map<string, RouteTable>()
  let main: RouteTable | null = null
  for (const table of routeTables) {
    if (table.VpcId !== vpcId) continue
    for (const { Main, SubnetId, AssociationState } of table.Associations ?? []) {
      if (AssociationState?.State !== undefined && AssociationState.State !== 'associated') continue
      if (Main === true) main = table
      if (SubnetId !== undefined) bySubnet.set(SubnetId, table)
    }
  }
  return { bySubnet, main }
})

/** The route table that a subnet uses: its own, else the VPC's main one. */
export function routeTableOf(evidence: Evidence, vpcId: string, subnetId: string): Known<RouteTable> {
  const tables = tablesOf(evidence, vpcId)
  if (isGap(tables)) return tables
  return tables.bySubnet.get(subnetId) ?? tables.main ?? gap(file, `has no route table for ${subnetId}`)
}

/** A route that matches an address: with its place in its table, and the prefix that matched (an entry of a prefix list has its own). */
export interface RouteMatch {
  readonly table: RouteTable
  readonly route: Route
  readonly index: number
  readonly prefix: Cidr
}

/**
 * The route that a table uses for an address: the longest prefix; of equal ones a static route before a prefix list's, and both before a
 * propagated one (VPC User Guide, "Route priority"). Null if none matches; a gap where a prefix list that could match better is not known.
 */
export function routeFor(evidence: Evidence, table: RouteTable, address: Address): Known<RouteMatch | null> {
  let best: RouteMatch | null = null
  const unread: Gap[] = []
  for (const [index, route] of (table.Routes ?? []).entries()) {
    const ranges = destinations(evidence, route)
    if (isGap(ranges)) unread.push(ranges)
    else
      for (const prefix of ranges) {
        if (!rangeHas(prefix, address)) continue
        const match = { table, route, index, prefix }
        if (best === null || isBetter(match, best)) best = match
      }
  }
  const [hidden] = unread
  if (hidden !== undefined && (best === null || best.prefix.prefix < bitsOf(address.family))) return hidden
  return best
}

/** The prefixes that a route is for. */
export function destinations(evidence: Evidence, route: Route): Known<readonly Cidr[]> {
  const { DestinationPrefixListId } = route
  if (DestinationPrefixListId !== undefined) {
    const list = evidence.aws.prefixListEntries(DestinationPrefixListId)
    return isGap(list) ? list : (list.Entries ?? []).flatMap(({ Cidr: text }) => parseCidr(text) ?? [])
  }
  const cidr = parseCidr(route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock)
  return cidr === null ? [] : [cidr]
}

/** The destination as the route table prints it. */
export const destinationText = (route: Route): string =>
  route.DestinationCidrBlock ??
  route.DestinationIpv6CidrBlock ??
  route.DestinationPrefixListId ??
  'an unknown destination'

function isBetter(one: RouteMatch, other: RouteMatch): boolean {
  if (one.prefix.prefix !== other.prefix.prefix) return one.prefix.prefix > other.prefix.prefix
  return rank(one.route) < rank(other.route)
}

function rank({ Origin, DestinationPrefixListId, GatewayId }: Route): number {
  if (GatewayId === 'local') return 0
  if (isPropagated({ Origin })) return 3
  return DestinationPrefixListId === undefined ? 1 : 2
}

/** Whether a virtual private gateway or a route server wrote the route, not a person. */
export const isPropagated = ({ Origin }: Pick<Route, 'Origin'>): boolean =>
  Origin === 'EnableVgwRoutePropagation' || Origin === 'Advertisement'

/** Where a route leads: the kind of thing, and its id. `local` is delivery by ownership inside the VPC. */
export interface RouteTarget {
  readonly kind:
    | 'local'
    | 'interface'
    | 'internet-gateway'
    | 'nat-gateway'
    | 'transit-gateway'
    | 'peering'
    | 'vpn-gateway'
    | 'endpoint'
    | 'other'
  readonly id: string
}

/** What a route leads to, and the id of it. */
export function targetOf(route: Route): RouteTarget {
  const { GatewayId, NetworkInterfaceId, InstanceId, NatGatewayId, TransitGatewayId, VpcPeeringConnectionId } = route
  if (GatewayId === 'local') return { kind: 'local', id: 'local' }
  if (NetworkInterfaceId !== undefined) return { kind: 'interface', id: NetworkInterfaceId }
  if (InstanceId !== undefined) return { kind: 'interface', id: InstanceId }
  if (NatGatewayId !== undefined) return { kind: 'nat-gateway', id: NatGatewayId }
  if (TransitGatewayId !== undefined) return { kind: 'transit-gateway', id: TransitGatewayId }
  if (VpcPeeringConnectionId !== undefined) return { kind: 'peering', id: VpcPeeringConnectionId }
  if (GatewayId?.startsWith('igw-')) return { kind: 'internet-gateway', id: GatewayId }
  if (GatewayId?.startsWith('vgw-')) return { kind: 'vpn-gateway', id: GatewayId }
  if (GatewayId?.startsWith('vpce-')) return { kind: 'endpoint', id: GatewayId }
  const { EgressOnlyInternetGatewayId, CarrierGatewayId, LocalGatewayId, CoreNetworkArn } = route
  const other = GatewayId ?? EgressOnlyInternetGatewayId ?? CarrierGatewayId ?? LocalGatewayId ?? CoreNetworkArn
  return { kind: 'other', id: other ?? 'an unknown target' }
}

/**
 * The interface that a route leads to; null where it leads elsewhere, or to an interface or instance that is not there any more. A gap where
 * the listing that does not have it is not whole.
 */
export function interfaceOf(evidence: Evidence, vpcId: string, route: Route): Known<NetworkInterface | null> {
  const { NetworkInterfaceId, InstanceId } = route
  if (NetworkInterfaceId === undefined && InstanceId === undefined) return null
  const enis = interfacesOfVpc(evidence, vpcId)
  if (isGap(enis)) return enis
  const found =
    NetworkInterfaceId !== undefined
      ? enis.find((eni) => eni.NetworkInterfaceId === NetworkInterfaceId)
      : enis.find(({ Attachment }) => Attachment?.InstanceId === InstanceId && Attachment?.DeviceIndex === 0)
  return found ?? (route.State === 'blackhole' ? null : lackingInterfaces(evidence, vpcId))
}

/** Proof of one route. */
export const citeRoute = ({ table, index }: Pick<RouteMatch, 'table' | 'index'>): Proof => cite(table, 'Routes', index)

/** Proof that a table has nothing for an address: all its routes. */
export const citeRoutes = (table: RouteTable): Proof => cite(table, 'Routes')
