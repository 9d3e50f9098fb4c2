import { sh } from '../../net/shell.ts'
import type { RouteDecision } from '../../node/trace/route.ts'

/** Takes away a route, or without a destination the rule, that drops what meets it (blackhole, unreachable, prohibit). */
export function deadRouteRemoval(node: string, { rule, route, type }: RouteDecision) {
  return {
    summary: `take the dead route off ${node}`,
    commands: [
      route.dst === undefined
        ? sh`ssh ${node} sudo ip rule del priority ${String(rule.priority ?? 0)}`
        : sh`ssh ${node} sudo ip route del ${type} ${route.dst} table ${String(rule.table ?? 'main')}`,
    ],
    changes: `Until the next boot, or until what wrote it writes it again, ${node} looks further for a way; whatever else met that route is no longer dropped either.`,
  }
}
