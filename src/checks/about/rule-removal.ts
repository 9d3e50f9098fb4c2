import { iptablesWords } from '../../evidence/node/iptables-rule.ts'
import { onNode, sh, word, type Command } from '../../net/shell.ts'
import type { Loss } from '../../journey/lost-answer.ts'
import type { Step } from '../../node/trace/types.ts'

/** Chains that a program writes again as soon as it finds them changed. */
export const owned = /^(KUBE-|cali-|CILIUM_|FLANNEL-|CNI-)/

/**
 * The commands that take away the rules, and open the policies, that packets were lost by: each exact, each once, on the node that has it.
 * None where a rule belongs to a program that would write it again.
 */
export function removals(node: string, losses: readonly Loss[], family: 'ip' | 'ip6' = 'ip'): readonly Command[] {
  return distinct(
    losses.flatMap(({ step, node: second }) => {
      const command = step === null ? null : removal(step, family)
      return command === null ? [] : [onNode(second ?? node, command)]
    }),
  )
}

/** Each command once. */
export function distinct(commands: readonly Command[]): readonly Command[] {
  const seen = new Set<string>()
  return commands.filter((each) => !seen.has(JSON.stringify(each)) && seen.add(JSON.stringify(each)))
}

/** Lists the chain in which a rule stands, with its counters. */
export function listing({ backend, table, chain }: Step, family: 'ip' | 'ip6'): Command {
  if (backend === 'native') return sh`nft list chain ${table.split(' ')} ${chain}`
  return sh`${family}tables-${backend === 'legacy' ? 'legacy' : 'nft'} -t ${table} -nvL ${chain} --line-numbers`
}

/** The command that takes a rule away, or opens a policy; null where the rule belongs to a program that would write it again, and where none does. */
export function removal(step: Step, family: 'ip' | 'ip6'): Command | null {
  const { backend, table, chain, handle, text } = step
  if (owned.test(chain)) return null
  if (backend === 'native') {
    const place = `${table} ${chain}`.split(' ')
    if (handle !== null) return sh`nft delete rule ${place} handle ${handle}`
    return text === 'policy drop' ? sh`nft ${word(`chain ${place.join(' ')} { policy accept; }`)}` : null
  }
  if (backend !== 'nft' && backend !== 'legacy') return null
  const tool = `${family}tables-${backend}`
  if (text.startsWith(':')) return sh`${tool} -t ${table} -P ${chain} ACCEPT`
  const [append, , ...rest] = iptablesWords(text)
  if (append !== '-A') return null
  return rest.reduce<Command>((line, each) => sh`${line} ${word(each)}`, sh`${tool} -t ${table} -D ${chain}`)
}
