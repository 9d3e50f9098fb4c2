import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import { rangeHas } from '../../net/range.ts'
import { subnetPlaces } from './address-space.ts'
import type { VipPlace } from './delivery.ts'
import { destinations, targetOf, type RouteMatch } from './routes.ts'

/** A route to an interface that covers the VIP inside the VPC's own ranges; null if there is none. */
export function routeInsideVpc(evidence: Evidence, { vip, vpcId, insideVpc }: VipPlace): Known<RouteMatch | null> {
  const { routeTables } = evidence.aws
  if (isGap(routeTables)) return routeTables
  if (!insideVpc) return null
  for (const table of routeTables) {
    if (table.VpcId !== vpcId) continue
    for (const [index, route] of (table.Routes ?? []).entries()) {
      if (targetOf(route).kind !== 'interface') continue
      const ranges = destinations(evidence, route)
      const prefix = isGap(ranges) ? undefined : ranges.find((range) => range.prefix > 0 && rangeHas(range, vip))
      if (prefix !== undefined) return { table, route, index, prefix }
    }
  }
  return null
}

/**
 * The route for the whole subnet of the VIP, the only kind that EC2 accepts inside a VPC's ranges (VPC User Guide, "Subnet route tables"):
 * it takes from other subnets what ownership would have delivered. Null if there is none.
 */
export function wholeSubnetRoute(evidence: Evidence, where: VipPlace): Known<RouteMatch | null> {
  const found = routeInsideVpc(evidence, where)
  if (isGap(found) || found === null) return found
  const places = known(subnetPlaces(evidence, where.vpcId)) ?? []
  return places.some(({ range }) => range.text === found.prefix.text) ? found : null
}
