import { parseRule, type Rule } from './iptables-rule.ts'

/**
 * What iptables-save printed, as an index over its text: of each chain it is known where its rules stand; they are tokenised when a packet
 * visits the chain ({@link rulesOf}, {@link rulesFor}). A dump of 200,000 rules costs one pass over its lines.
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

/** A chain; `policy` is null for a user's chain. `line` is where it is declared, 0 where it is not. */
export interface IptablesChain {
  readonly name: string
  readonly policy: string | null
  readonly line: number
  /** The number of its rules. */
  readonly size: number
  readonly text: string
  /** Runs of lines with this chain's rules: where a run begins, where it ends, and the number of its first line. iptables-save prints one. */
  readonly runs: readonly (readonly [from: number, to: number, line: number])[]
}

type Building = { -readonly [key in keyof IptablesChain]: IptablesChain[key] }
interface BuildingTable {
  readonly name: string
  readonly chains: Map<string, Building>
  whole: boolean
}

/** Source: iptables 1.8.9, iptables/iptables-save.c. Counters (`-c`) stand before `-A`, or are not there. */
export function parseIptablesSave(file: string, text: string): IptablesSave {
  const tables = new Map<string, BuildingTable>()
  const misread: { line: number; text: string }[] = []
  let table: BuildingTable | null = null
  // The chain of the rule before, as its next rule would name it: most rules follow one of the same chain.
  let chain: Building | null = null
  let named = ''
  let line = 0
  let end = -1
  while (end + 1 < text.length) {
    const at: number = end + 1
    const newline = text.indexOf('\n', at)
    end = newline === -1 ? text.length : newline
    line += 1
    const first = text.charCodeAt(at)
    if (first === DASH || first === BRACKET) {
      const rule = first === DASH ? at : text.indexOf(' ', at) + 1
      if (chain !== null && text.startsWith(named, rule) && rule + named.length <= end) {
        extend(chain, at, end, line)
        continue
      }
      const name = nameAt(text, rule, end)
      if (table === null || name === null) misread.push({ line, text: text.slice(at, end) })
      else {
        chain = chainOf(table, name, text)
        named = `-A ${name} `
        extend(chain, at, end, line)
      }
    } else if (first === COLON && table !== null) {
      const declared = chainOf(table, text.slice(at + 1, wordEnd(text, at + 1, end)), text)
      const policy = at + 2 + declared.name.length
      declared.policy = text.charCodeAt(policy) === DASH ? null : text.slice(policy, wordEnd(text, policy, end))
      declared.line = line
    } else if (first === STAR) {
      const name = text.slice(at + 1, end).trim()
      table = tables.get(name) ?? { name, chains: new Map(), whole: false }
      table.whole = false
      tables.set(name, table)
      chain = null
    } else if (first === LETTER_C && table !== null && text.slice(at, end).trim() === 'COMMIT') {
      table.whole = true
      table = null
      chain = null
    } else if (text.slice(at, end).trim() !== '' && (first !== HASH || text.slice(at, end).includes(incompatible))) {
      misread.push({ line, text: text.slice(at, end) })
    }
  }
  const whole = [...tables.values()].every((one) => one.whole) && (text === '' || text.endsWith('\n'))
  return { file, tables, misread, cutAt: whole ? null : line }
}

const DASH = 45
const BRACKET = 91
const COLON = 58
const STAR = 42
const HASH = 35
const LETTER_C = 67
const incompatible = "is incompatible, use 'nft' tool"

function extend(chain: Building, from: number, to: number, line: number): void {
  const runs = chain.runs as (readonly [number, number, number])[]
  const last = runs.at(-1)
  chain.size += 1
  if (last?.[1] === from - 1) runs[runs.length - 1] = [last[0], to, last[2]]
  else runs.push([from, to, line])
}

function chainOf(table: BuildingTable, name: string, text: string): Building {
  const found = table.chains.get(name)
  if (found !== undefined) return found
  const chain: Building = { name, policy: null, line: 0, size: 0, text, runs: [] }
  table.chains.set(name, chain)
  return chain
}

/** The chain that a rule at this place belongs to; null where there is no rule. */
function nameAt(text: string, rule: number, end: number): string | null {
  return rule < end && text.startsWith('-A ', rule) ? text.slice(rule + 3, wordEnd(text, rule + 3, end)) : null
}

function wordEnd(text: string, from: number, end: number): number {
  const space = text.indexOf(' ', from)
  return space === -1 || space > end ? end : space
}

/** Where each rule of a chain stands, without its counters: three numbers a rule, its beginning, its end, its line. */
export function placesOf({ text, runs }: IptablesChain): readonly number[] {
  const places: number[] = []
  for (const [from, to, first] of runs) {
    let line = first
    for (let at = from; at < to; line += 1) {
      const newline = text.indexOf('\n', at)
      const end = newline === -1 ? text.length : newline
      places.push(text.charCodeAt(at) === DASH ? at : text.indexOf(' ', at) + 1, end, line)
      at = end + 1
    }
  }
  return places
}

const parsed = new WeakMap<IptablesChain, readonly Rule[]>()

/** All rules of a chain, tokenised once. */
export function rulesOf(chain: IptablesChain): readonly Rule[] {
  const known = parsed.get(chain)
  if (known !== undefined) return known
  const places = placesOf(chain)
  const rules: Rule[] = []
  for (let index = 0; index < places.length; index += 3)
    rules.push(parseRule(chain.text.slice(places[index], places[index + 1]), places[index + 2] ?? 0))
  parsed.set(chain, Object.freeze(rules))
  return rules
}
