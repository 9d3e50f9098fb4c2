import type { Address } from '../../net/address.ts'
import type { Port } from '../../net/port.ts'

/** How many packets kube-proxy's rules for one VIP and port have counted: those that met the VIP's rule, and those translated to a pod. */
export interface RuleCounters {
  readonly met: number
  readonly translated: number
}

interface Rule {
  readonly packets: number
  readonly text: string
  readonly target: string | null
}

/**
 * Reads the counters out of an `iptables-save -c` dump: the rules of KUBE-SERVICES for the VIP and port, and every DNAT that can be reached
 * from them. Null where no rule is for them, which is so in ipvs and nftables mode too: there is nothing to count with.
 */
export function countersOf(dump: string, vip: Address, { protocol, port }: Port): RuleCounters | null {
  const chains = new Map<string, Rule[]>()
  for (const line of dump.split('\n')) {
    const rule = /^\[(\d+):\d+\] -A (\S+) (.*)$/.exec(line)
    if (rule === null) continue
    const [, packets = '0', chain = '', text = ''] = rule
    const target = / -[jg] (\S+)/.exec(` ${text}`)?.[1] ?? null
    chains.set(chain, [...(chains.get(chain) ?? []), { packets: Number(packets), text: ` ${text} `, target }])
  }
  const bits = vip.family === 4 ? '32' : '128'
  const entries = (chains.get('KUBE-SERVICES') ?? []).filter(
    ({ text }) =>
      text.includes(` -d ${vip.text}/${bits} `) &&
      text.includes(` -p ${protocol} `) &&
      text.includes(` --dport ${String(port)} `),
  )
  if (entries.length === 0) return null
  const seen = new Set<string>()
  const waiting = entries.flatMap(({ target }) => target ?? [])
  let translated = 0
  for (let chain = waiting.pop(); chain !== undefined; chain = waiting.pop()) {
    if (seen.has(chain)) continue
    seen.add(chain)
    for (const { target, packets } of chains.get(chain) ?? []) {
      if (target === 'DNAT') translated += packets
      else if (target !== null && chains.has(target)) waiting.push(target)
    }
  }
  return { met: entries.reduce((sum, { packets }) => sum + packets, 0), translated }
}

/** What the counters of a node tell of packets sent between two readings. */
export type Counted = 'never-arrived' | 'not-translated' | 'translated' | 'unknown'

/**
 * Compares two readings. kube-proxy writes its dispatch chains anew with every sync, which sets their counters to zero: a counter that went
 * back tells nothing.
 */
export function counted(before: RuleCounters | null, after: RuleCounters | null): Counted {
  if (before === null || after === null) return 'unknown'
  if (after.translated > before.translated) return 'translated'
  if (after.met < before.met || after.translated < before.translated) return 'unknown'
  return after.met > before.met ? 'not-translated' : 'never-arrived'
}
