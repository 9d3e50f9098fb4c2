import { chainTable, type Chains, type ChainTable, type IptablesChain } from './chain-table.ts'
import { parseRule, type Rule } from './iptables-rule.ts'

/**
 * What iptables-save printed, as an index over its bytes: of each chain it is known where its rules stand; they are tokenised when a packet
 * visits the chain ({@link rulesOf}, {@link rulesFor}). A dump of 200,000 rules costs one pass over its lines, and no text is made of them.
 */
export interface IptablesSave {
  readonly file: string
  readonly tables: ReadonlyMap<string, IptablesTable>
  /** Lines that are no part of the grammar, such as a shell's error or iptables' "Table is incompatible". */
  readonly misread: readonly { readonly line: number; readonly text: string }[]
  /** Where the dump ends too early; null for a whole one. */
  readonly cutAt: number | null
}

/** One table of a dump, its chains by name. */
export interface IptablesTable {
  readonly name: string
  readonly chains: Chains
}

interface BuildingTable {
  readonly name: string
  readonly chains: ChainTable
  whole: boolean
}

/** Source: iptables 1.8.9, iptables/iptables-save.c. Counters (`-c`) stand before `-A`, or are not there. */
export function parseIptablesSave(file: string, dump: string | Uint8Array): IptablesSave {
  const bytes = typeof dump === 'string' ? Buffer.from(dump) : Buffer.from(dump.buffer, dump.byteOffset, dump.length)
  const tables = new Map<string, BuildingTable>()
  const misread: { line: number; text: string }[] = []
  let table: BuildingTable | null = null
  // The chain of the rule before and where its name stands: most rules follow one of the same chain.
  let chain = 0
  let named = -1
  let line = 0
  let end = -1
  while (end + 1 < bytes.length) {
    const at: number = end + 1
    const newline = bytes.indexOf(NEWLINE, at)
    end = newline === -1 ? bytes.length : newline
    line += 1
    const first = bytes[at]
    if ((first === DASH || first === BRACKET) && table !== null) {
      const name = nameAt(bytes, first === DASH ? at : ruleAt(bytes, at, end), end)
      if (name === -1) {
        misread.push({ line, text: textOf(bytes, at, end) })
        continue
      }
      if (named === -1 || !sameWord(bytes, named, name, end)) {
        chain = table.chains.numberOf(name, wordEnd(bytes, name, end))
        named = name
      }
      table.chains.addRule(chain, at, end, line)
    } else if (first === COLON && table !== null) {
      const nameEnd = wordEnd(bytes, at + 1, end)
      const policy = bytes[nameEnd + 1] === DASH ? null : textOf(bytes, nameEnd + 1, wordEnd(bytes, nameEnd + 1, end))
      table.chains.declare(at + 1, nameEnd, line, policy)
    } else if (first === STAR) {
      const name = textOf(bytes, at + 1, end).trim()
      table = tables.get(name) ?? { name, chains: chainTable(bytes), whole: false }
      table.whole = false
      tables.set(name, table)
      named = -1
    } else {
      const text = textOf(bytes, at, end)
      if (table !== null && text.trim() === 'COMMIT') {
        table.whole = true
        table = null
        named = -1
      } else if (text.trim() !== '' && (first !== HASH || text.includes(incompatible))) misread.push({ line, text })
    }
  }
  const whole = [...tables.values()].every((one) => one.whole) && (bytes.length === 0 || bytes.at(-1) === NEWLINE)
  return { file, tables, misread, cutAt: whole ? null : line }
}

const NEWLINE = 10
const SPACE = 32
const HASH = 35
const STAR = 42
const DASH = 45
const COLON = 58
const LETTER_A = 65
const BRACKET = 91
const incompatible = "is incompatible, use 'nft' tool"

const textOf = (bytes: Buffer, from: number, to: number): string => bytes.toString('utf8', from, to)

/** Where the rule begins behind its counters; `end` where there is none. */
function ruleAt(bytes: Buffer, from: number, end: number): number {
  return Math.min(wordEnd(bytes, from, end) + 1, end)
}

/** Where the name of the chain stands in `-A NAME …`; -1 where there is no rule. */
function nameAt(bytes: Buffer, rule: number, end: number): number {
  const isRule = bytes[rule] === DASH && bytes[rule + 1] === LETTER_A && bytes[rule + 2] === SPACE
  return isRule && rule + 3 <= end ? rule + 3 : -1
}

function wordEnd(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] !== SPACE) at += 1
  return at
}

/** Whether the word at one place, which a blank ends, is the word at another, which a blank must end too. */
function sameWord(bytes: Buffer, one: number, other: number, end: number): boolean {
  let [at, there] = [one, other]
  while (there < end && bytes[at] === bytes[there]) {
    if (bytes[at] === SPACE) return true
    at += 1
    there += 1
  }
  return false
}

/** Where each rule of a chain stands, without its counters: three numbers a rule, its beginning, its end, its line. */
export function placesOf({ bytes, runs }: IptablesChain): readonly number[] {
  const places: number[] = []
  for (const [from, to, first] of runs) {
    let line = first
    for (let at = from; at < to; line += 1) {
      const newline = bytes.indexOf(NEWLINE, at)
      const end = newline === -1 ? bytes.length : newline
      places.push(bytes[at] === DASH ? at : ruleAt(bytes, at, end), end, line)
      at = end + 1
    }
  }
  return places
}

/** Tokenises the rule at one of a chain's places. */
export const ruleAtPlace = ({ bytes }: IptablesChain, places: readonly number[], index: number): Rule =>
  parseRule(textOf(bytes, places[index] ?? 0, places[index + 1] ?? 0), places[index + 2] ?? 0)

/** The first rule of a chain; null where it has none. */
export function firstRuleOf(chain: IptablesChain): Rule | null {
  const [first] = chain.runs
  return first === undefined ? null : ruleAtPlace(chain, placesOf({ ...chain, runs: [firstLine(chain, first)] }), 0)
}

function firstLine(
  { bytes }: IptablesChain,
  [from, to, line]: IptablesChain['runs'][number],
): [number, number, number] {
  const newline = bytes.indexOf(NEWLINE, from)
  return [from, newline === -1 ? to : Math.min(newline, to), line]
}

const parsed = new WeakMap<IptablesChain, readonly Rule[]>()

/** All rules of a chain, tokenised once. */
export function rulesOf(chain: IptablesChain): readonly Rule[] {
  const known = parsed.get(chain)
  if (known !== undefined) return known
  const places = placesOf(chain)
  const rules: Rule[] = []
  for (let index = 0; index < places.length; index += 3) rules.push(ruleAtPlace(chain, places, index))
  parsed.set(chain, Object.freeze(rules))
  return rules
}
