import { cite, type Proof } from '../evidence/cite.ts'
import type { NodeState } from './node-state.ts'
import type { RouteDecision } from './trace/route.ts'

/** A routing decision as `ip route` and `ip rule` print it: `blackhole default of table 100 (rule 90: from 10.200.0.0/16)`. */
export function routeText({ type, route, device, gateway, rule }: RouteDecision): string {
  const { table = 'main' } = rule
  const why = `rule ${String(rule.priority ?? 0)}: ${ruleText(rule)}`
  if (route.dst === undefined) return `${type} (${why})`
  const words = [
    ...(type === 'unicast' ? [] : [type]),
    route.dst,
    ...(gateway === null ? [] : ['via', gateway.text]),
    ...(device === null ? [] : ['dev', device]),
  ]
  return `${words.join(' ')} of table ${String(table)}${table === 'main' && rule.src === 'all' && rule.fwmark === undefined ? '' : ` (${why})`}`
}

function ruleText({ not, src = 'all', srclen, dst, dstlen, fwmark, fwmask, iif }: RouteDecision['rule']): string {
  const prefix = (address: string, length: number | undefined) =>
    length === undefined ? address : `${address}/${String(length)}`
  return [
    ...(not === undefined ? [] : ['not']),
    `from ${prefix(src, srclen)}`,
    ...(dst === undefined ? [] : [`to ${prefix(dst, dstlen)}`]),
    ...(fwmark === undefined ? [] : [`fwmark ${String(fwmark)}${fwmask === undefined ? '' : `/${String(fwmask)}`}`]),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
  ].join(' ')
}

/** Where a decision stands: its route, and its rule but for the kernel's own. */
export function citeDecision({ rules }: NodeState, { route, rule }: RouteDecision): readonly Proof[] {
  const own = rule.table !== 'main' && rule.table !== 'local' && rule.table !== 'default'
  return [
    ...(route.dst === undefined ? [] : [cite(route)]),
    ...(rules.includes(rule) && (own || rule.src !== 'all') ? [cite(rule)] : []),
  ]
}
