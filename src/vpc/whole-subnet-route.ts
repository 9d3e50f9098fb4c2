import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import { rangeHas } from '../net/range.ts'
import type { VipPlace } from './delivery.ts'
import { destinations, targetOf, type RouteMatch } from './routes.ts'

/**
 * The route inside the VPC's own ranges that covers the VIP: EC2 lets such a route name a whole subnet only (VPC User Guide, "Subnet
 * route tables"), and it takes from other subnets what ownership would have delivered. Null if there is none.
 */
export function wholeSubnetRoute(evidence: Evidence, { vip, vpcId, insideVpc }: VipPlace): Known<RouteMatch | null> {
  const { routeTables } = evidence.aws
  if (isGap(routeTables)) return routeTables
  if (!insideVpc) return null
  for (const table of routeTables) {
    if (table.VpcId !== vpcId) continue
    for (const [index, route] of (table.Routes ?? []).entries()) {
      const ranges = destinations(evidence, route)
      if (isGap(ranges) || targetOf(route).kind !== 'interface') continue
      const prefix = ranges.find((range) => range.prefix > 0 && rangeHas(range, vip))
      if (prefix !== undefined) return { table, route, index, prefix }
    }
  }
  return null
}
