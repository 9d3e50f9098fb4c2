import { parseRule, type Rule } from './iptables-rule.ts'

/**
 * What iptables-save printed, as an index: a rule is tokenised when its chain is visited. A dump of 200,000 rules costs one pass over its
 * line starts, and the chains that one packet meets.
 */
export interface IptablesSave {
  readonly file: string
  readonly tables: ReadonlyMap<string, IptablesTable>
  /** Lines that are no part of the grammar, such as a shell's error or iptables' "Table is incompatible". */
  readonly misread: readonly { readonly line: number; readonly text: string }[]
  /** Where the dump ends too early; null for a whole one. */
  readonly cutAt: number | null
}

export interface IptablesTable {
  readonly name: string
  readonly chains: ReadonlyMap<string, IptablesChain>
}

/** A chain; `policy` is null for a user's chain. `rules` are parsed on first use. */
export interface IptablesChain {
  readonly name: string
  readonly policy: string | null
  readonly line: number
  readonly size: number
  readonly rules: readonly Rule[]
}

/** Source: iptables 1.8.9, iptables/iptables-save.c. Counters (`-c`) stand before `-A`, or are not there. */
export function parseIptablesSave(file: string, text: string): IptablesSave {
  const tables = new Map<string, Building>()
  const misread: { line: number; text: string }[] = []
  let table: Building | null = null
  let line = 0
  let at = 0
  while (at < text.length) {
    const newline = text.indexOf('\n', at)
    const end = newline === -1 ? text.length : newline
    line += 1
    const first = text.charCodeAt(at)
    if (first === DASH || first === BRACKET) {
      const start = first === DASH ? at : text.indexOf(' ', at) + 1
      const chain =
        table !== null && text.startsWith('-A ', start) && start < end
          ? text.slice(start + 3, wordEnd(text, start + 3, end))
          : null
      if (chain === null || table === null) misread.push({ line, text: text.slice(at, end) })
      else chainOf(table, chain).places.push(start, end, line)
    } else if (first === COLON && table !== null) {
      const [name = '', policy = '-'] = text.slice(at + 1, end).split(' ')
      const chain = chainOf(table, name)
      chain.policy = policy === '-' ? null : policy
      chain.line = line
    } else if (first === STAR) {
      const name = text.slice(at + 1, end).trim()
      table = tables.get(name) ?? { name, chains: new Map(), whole: false }
      table.whole = false
      tables.set(name, table)
    } else if (first === LETTER_C && table !== null && text.slice(at, end).trim() === 'COMMIT') {
      table.whole = true
      table = null
    } else if (first !== HASH && text.slice(at, end).trim() !== '') {
      misread.push({ line, text: text.slice(at, end) })
    } else if (text.slice(at, end).includes("is incompatible, use 'nft' tool")) {
      misread.push({ line, text: text.slice(at, end) })
    }
    at = end + 1
  }
  const whole = [...tables.values()].every((one) => one.whole) && (text === '' || text.endsWith('\n'))
  return {
    file,
    tables: new Map([...tables].map(([name, built]) => [name, { name, chains: chainsOf(text, built) }])),
    misread,
    cutAt: whole ? null : line,
  }
}

const DASH = 45
const BRACKET = 91
const COLON = 58
const STAR = 42
const HASH = 35
const LETTER_C = 67

interface Building {
  readonly name: string
  readonly chains: Map<string, BuildingChain>
  whole: boolean
}

/** `places` holds three numbers a rule: where it starts, where it ends, its line. Objects for each rule would cost ten times the memory. */
interface BuildingChain {
  policy: string | null
  line: number
  readonly places: number[]
}

function chainOf(table: Building, name: string): BuildingChain {
  const found = table.chains.get(name)
  if (found !== undefined) return found
  const chain: BuildingChain = { policy: null, line: 0, places: [] }
  table.chains.set(name, chain)
  return chain
}

function wordEnd(text: string, from: number, end: number): number {
  const space = text.indexOf(' ', from)
  return space === -1 || space > end ? end : space
}

function chainsOf(text: string, built: Building): ReadonlyMap<string, IptablesChain> {
  const chains = new Map<string, IptablesChain>()
  for (const [name, { policy, line, places }] of built.chains) {
    let rules: readonly Rule[] | null = null
    chains.set(name, {
      name,
      policy,
      line,
      size: places.length / 3,
      get rules() {
        return (rules ??= Object.freeze(parseRules(text, places)))
      },
    })
  }
  return chains
}

function parseRules(text: string, places: readonly number[]): Rule[] {
  const rules: Rule[] = []
  for (let index = 0; index < places.length; index += 3) {
    rules.push(parseRule(text.slice(places[index], places[index + 1]), places[index + 2] ?? 0))
  }
  return rules
}
