import { wordHash, wordIndex, type WordIndex } from './word-index.ts'

/** A chain; `policy` is null for a user's chain. `line` is where it is declared, 0 where it is not. */
export interface IptablesChain {
  readonly name: string
  readonly policy: string | null
  readonly line: number
  /** The number of its rules. */
  readonly size: number
  /** The dump that it stands in. */
  readonly bytes: Buffer
  /** Runs of lines with this chain's rules: where a run begins, where it ends, and the number of its first line. iptables-save prints one. */
  readonly runs: readonly (readonly [from: number, to: number, line: number])[]
}

/** The chains of one table by name. A chain is put together when it is asked for: of a hundred thousand, a packet visits ten. */
export interface Chains {
  readonly get: (name: string) => IptablesChain | undefined
  readonly has: (name: string) => boolean
  /** How many chains have a name that begins so, the line of the first one, and how many rules they have together. */
  readonly beginning: (prefix: string) => {
    readonly chains: number
    readonly rules: number
    readonly line: number | null
  }
}

/** Chains while a dump is read: columns of numbers, not an object a chain. */
export interface ChainTable extends Chains {
  /** A chain that is declared: where its name stands. */
  readonly declare: (from: number, to: number, line: number, policy: string | null) => void
  /** The number of the chain that rules name there: for iptables-save the next one that was declared, give or take some without rules. */
  readonly numberOf: (from: number, to: number) => number
  /** One more rule of a chain, from the beginning of its line to the end. */
  readonly addRule: (chain: number, from: number, to: number, line: number) => void
}

const none = -1
/** How far the next chain with rules is looked for before it is looked up. */
const lookAhead = 8

/** Finds the chains of one table in a dump, without reading their rules: those are read when they are asked for. */
export function chainTable(bytes: Buffer): ChainTable {
  const names: number[] = []
  const nameEnds: number[] = []
  const declared: number[] = []
  const sizes: number[] = []
  const froms: number[] = []
  const tos: number[] = []
  const firstLines: number[] = []
  /** Runs behind the first one of a chain: in what iptables-save prints there is none. */
  const moreRuns = new Map<number, [number, number, number][]>()
  const policies = new Map<number, string>()
  const built = new Map<string, IptablesChain | undefined>()
  /** All chains by their names, from the first that is asked for on. Nothing forbids a text to declare one twice. */
  let byName: WordIndex | null = null
  let current = none

  function add(from: number, to: number, line: number): number {
    names.push(from)
    nameEnds.push(to)
    declared.push(line)
    sizes.push(0)
    froms.push(0)
    tos.push(none)
    firstLines.push(0)
    const chain = names.length - 1
    byName?.add(wordHash(bytes, from, to), chain)
    return chain
  }

  function isNamed(chain: number, text: Buffer, from: number, to: number): boolean {
    const start = names[chain] ?? 0
    const length = to - from
    if ((nameEnds[chain] ?? 0) - start !== length) return false
    // From the end: names differ in their last letters.
    for (let at = length - 1; at >= 0; at -= 1) if (bytes[start + at] !== text[from + at]) return false
    return true
  }

  function indexed(): WordIndex {
    const index = wordIndex()
    for (let chain = 0; chain < names.length; chain += 1)
      index.add(wordHash(bytes, names[chain] ?? 0, nameEnds[chain] ?? 0), chain)
    return index
  }

  function chainOf(name: string, numbers: readonly number[]): IptablesChain | undefined {
    const [first] = numbers
    if (first === undefined) return undefined
    const runs = numbers.flatMap((chain): [number, number, number][] =>
      sizes[chain] === 0
        ? []
        : [[froms[chain] ?? 0, tos[chain] ?? 0, firstLines[chain] ?? 0], ...(moreRuns.get(chain) ?? [])],
    )
    const last = numbers.at(-1) ?? first
    return {
      name,
      policy: policies.get(last) ?? null,
      line: declared[last] ?? 0,
      size: numbers.reduce((sum, chain) => sum + (sizes[chain] ?? 0), 0),
      bytes,
      runs: runs.sort(([one], [other]) => one - other),
    }
  }

  function get(name: string): IptablesChain | undefined {
    const known = built.get(name)
    if (known !== undefined || built.has(name)) return known
    const text = Buffer.from(name)
    byName ??= indexed()
    const named = byName.all(wordHash(text, 0, text.length)).filter((one) => isNamed(one, text, 0, text.length))
    const chain = chainOf(name, named)
    built.set(name, chain)
    return chain
  }

  return {
    get,
    has: (name) => get(name) !== undefined,
    declare: (from, to, line, policy) => {
      const chain = add(from, to, line)
      if (policy !== null) policies.set(chain, policy)
    },
    numberOf: (from, to) => {
      for (let chain = current + 1; chain < names.length && chain <= current + lookAhead; chain += 1) {
        if (isNamed(chain, bytes, from, to)) return (current = chain)
      }
      byName ??= indexed()
      const known = byName.first(wordHash(bytes, from, to), (chain) => isNamed(chain, bytes, from, to))
      return (current = known ?? add(from, to, 0))
    },
    addRule: (chain, from, to, line) => {
      const size = sizes[chain] ?? 0
      sizes[chain] = size + 1
      if (size === 0) {
        froms[chain] = from
        tos[chain] = to
        firstLines[chain] = line
      } else if (tos[chain] === from - 1) tos[chain] = to
      else {
        const more = moreRuns.get(chain) ?? []
        const last = more.at(-1)
        if (last?.[1] === from - 1) last[1] = to
        else more.push([from, to, line])
        moreRuns.set(chain, more)
      }
    },
    beginning: (prefix) => {
      const wanted = Buffer.from(prefix)
      const own = names.flatMap((from, chain) => {
        const end = from + wanted.length
        const fits = end <= (nameEnds[chain] ?? 0) && bytes.compare(wanted, 0, wanted.length, from, end) === 0
        return fits ? [chain] : []
      })
      return {
        chains: own.length,
        rules: own.reduce((sum, chain) => sum + (sizes[chain] ?? 0), 0),
        line: own[0] === undefined ? null : (declared[own[0]] ?? null),
      }
    },
  }
}
