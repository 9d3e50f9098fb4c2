import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import { addressOf, type Address } from '../../net/address.ts'
import type { ClientSet } from './client-set.ts'
import { routeFor, routeTableOf, targetOf, type RouteMatch, type RouteTarget } from './routes.ts'

/**
 * How answers leave the VPC for a client outside it, which is also how its packets come in: the route of the receiving subnet for the
 * client's first address. Null where no route leads there.
 */
export interface ClientPath {
  readonly address: Address
  readonly match: RouteMatch | null
  readonly target: RouteTarget | null
  readonly subnetId: string
}

/** The route by which the interface’s subnet reaches the client; null for a client without an address. A `match` of null: none leads there. */
export function clientPath(
  evidence: Evidence,
  arrival: NetworkInterface,
  { peers }: ClientSet,
): Known<ClientPath | null> {
  const [first] = peers
  if (first === undefined) return null
  const subnetId = arrival.SubnetId ?? ''
  const table = routeTableOf(evidence, arrival.VpcId ?? '', subnetId)
  if (isGap(table)) return table
  const address = addressOf(first.family, first.first)
  const match = routeFor(evidence, table, address)
  if (isGap(match)) return match
  return { address, match, target: match === null ? null : targetOf(match.route), subnetId }
}
