import type { Address } from '../../net/address.ts'
import { parseRule, type Rule } from './iptables-rule.ts'
import { placesOf, rulesOf, type IptablesChain } from './iptables-save.ts'

/** What a rule of a long chain may ask exactly of a packet. */
export interface Asked {
  readonly source: Address
  readonly destination: Address
  readonly destinationPort: number
}

interface Index {
  readonly places: readonly number[]
  readonly byKey: ReadonlyMap<string, readonly number[]>
  readonly others: readonly number[]
  readonly rules: Map<number, Rule>
}
const indexes = new WeakMap<IptablesChain, Index>()

/** Shorter chains are tokenised whole: an index would cost more than it saves. */
const longFrom = 48

/**
 * The rules of a chain that this packet can meet, in order. In a long chain (KUBE-SERVICES has a rule with one destination for each address
 * of each Service, KUBE-NODEPORTS one with one port for each Service) those that ask for another address or port are passed over unread.
 */
export function rulesFor(chain: IptablesChain, { source, destination, destinationPort }: Asked): readonly Rule[] {
  if (chain.size < longFrom) return rulesOf(chain)
  const { places, byKey, others, rules } = indexOf(chain)
  const met = [`-s ${source.text}`, `-d ${destination.text}`, `--dport ${String(destinationPort)}`].flatMap(
    (key) => byKey.get(key) ?? [],
  )
  return [...met, ...others]
    .sort((one, other) => one - other)
    .map((place) => {
      const rule =
        rules.get(place) ?? parseRule(chain.text.slice(places[place], places[place + 1]), places[place + 2] ?? 0)
      rules.set(place, rule)
      return rule
    })
}

function indexOf(chain: IptablesChain): Index {
  const found = indexes.get(chain)
  if (found !== undefined) return found
  const places = placesOf(chain)
  const byKey = new Map<string, number[]>()
  const others: number[] = []
  const options = chain.name.length + 4
  for (let index = 0; index < places.length; index += 3) {
    const key = keyOf(chain.text.slice((places[index] ?? 0) + options, places[index + 1]))
    const list = key === null ? others : byKey.get(key)
    if (list !== undefined) list.push(index)
    else if (key !== null) byKey.set(key, [index])
  }
  const built = { places, byKey, others, rules: new Map<number, Rule>() }
  indexes.set(chain, built)
  return built
}

const exact4 = /^(-[sd] [\d.]+)(?:\/32)? /
const exact6 = /^(?:! )?(?:-s \S+ )?-d ([\da-f:.]+)\/128 /
const behindSource = /^(?:! )?-s \S+ (-d [\d.]+)(?:\/32)? /
/** Behind the last quoted text, so that no comment is taken for it; `!` before it turns it round. */
const port = /(!)? (--dport \d+)(?= |$)(?!.*")/

/**
 * Something that the packet must have for this rule to apply, in the rule's own words; null where the rule asks nothing so simple.
 * Addresses are compared as text: the kernel's canonical form for IPv4; an IPv6 form that is written otherwise is not taken for exact.
 */
function keyOf(options: string): string | null {
  const simple = exact4.exec(options) ?? behindSource.exec(options)
  if (simple !== null) return simple[1] ?? null
  if (options.startsWith('-d ') || options.startsWith('-s ')) {
    const address = exact6.exec(options)?.[1]
    return address === undefined || address.includes('.') || /(^|:)0/.test(address) ? null : `-d ${address}`
  }
  const asked = port.exec(options)
  return asked === null || asked[1] === '!' ? null : (asked[2] ?? null)
}
