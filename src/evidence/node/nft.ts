/** The rule sets of one family and table. Values of expressions stay as nft prints them; the tracer reads what it knows. */
export interface NftTable {
  readonly family: string
  readonly name: string
  readonly pointer: string
  readonly chains: ReadonlyMap<string, NftChain>
  readonly sets: ReadonlyMap<string, NftSet>
}

/** A chain; one with a hook is a base chain. `priority` is the kernel's number. */
export interface NftChain {
  readonly name: string
  readonly hook: string | null
  readonly type: string | null
  readonly priority: number
  readonly policy: string | null
  /** The devices that a chain at `ingress` or `egress` is for; null where they are not printed, as by nft 1.0. */
  readonly devices: readonly string[] | null
  /** Where it stands in the file, as a JSON pointer; of a rule and a set likewise. */
  readonly pointer: string
  readonly rules: readonly NftRule[]
}

/** One rule, at its place in the file (a JSON pointer). */
export interface NftRule {
  /** The kernel's number for it, which `nft -a list ruleset` prints too. */
  readonly handle: number
  readonly pointer: string
  readonly comment: string | null
  readonly expressions: readonly NftExpression[]
}

/** One statement: an object with one key that names it. */
export type NftExpression = Readonly<Record<string, unknown>>

/** A set or a map; the elements of a map are pairs of key and value. */
interface NftSet {
  readonly name: string
  readonly map: boolean
  readonly elements: readonly unknown[]
  readonly pointer: string
  /** How many seconds an element stays, where it does not stay for ever. */
  readonly timeout?: number
}

/** The ruleset that a file of `nft -j list ruleset` holds. */
export interface Nftables {
  readonly file: string
  readonly tables: readonly NftTable[]
}

interface BuildingTable extends NftTable {
  readonly chains: Map<string, NftChain & { rules: NftRule[] }>
  readonly sets: Map<string, NftSet>
}

/** Puts the flat list of `nft -j list ruleset` together, table by table. Objects of other kinds (counters, quotas) are left out. */
export function nftablesOf(file: string, list: readonly unknown[]): Nftables {
  const tables = new Map<string, BuildingTable>()
  const tableOf = (family: string, name: string, pointer: string): BuildingTable => {
    const key = `${family} ${name}`
    const table = tables.get(key) ?? { family, name, pointer, chains: new Map(), sets: new Map() }
    tables.set(key, table)
    return table
  }
  for (const [index, item] of list.entries()) {
    const pointer = `/nftables/${String(index)}`
    const { table, chain, rule, set, map } = record(item)
    if (table !== undefined) tableOf(text(record(table).family), text(record(table).name), pointer)
    if (chain !== undefined) {
      const { family, table: of, name, hook, type, prio, policy, dev } = record(chain)
      tableOf(text(family), text(of), pointer).chains.set(text(name), {
        name: text(name),
        hook: typeof hook === 'string' ? hook : null,
        type: typeof type === 'string' ? type : null,
        priority: Number(prio ?? 0),
        policy: typeof policy === 'string' ? policy : null,
        devices: dev === undefined ? null : (Array.isArray(dev) ? (dev as unknown[]) : [dev]).map(text),
        pointer,
        rules: [],
      })
    }
    if (rule !== undefined) {
      const { family, table: of, chain: in_, handle, comment, expr } = record(rule)
      tableOf(text(family), text(of), pointer)
        .chains.get(text(in_))
        ?.rules.push({
          handle: Number(handle),
          pointer,
          comment: typeof comment === 'string' ? comment : null,
          expressions: Array.isArray(expr) ? expr.map(record) : [],
        })
    }
    for (const [value, isMap] of [
      [set, false],
      [map, true],
    ] as const) {
      if (value === undefined) continue
      const { family, table: of, name, elem, timeout } = record(value)
      tableOf(text(family), text(of), pointer).sets.set(text(name), {
        name: text(name),
        map: isMap,
        elements: Array.isArray(elem) ? elem : [],
        pointer,
        ...(typeof timeout === 'number' ? { timeout } : {}),
      })
    }
  }
  return { file, tables: [...tables.values()] }
}

/** An object's members; of anything else, none. */
export const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** iptables-nft keeps its rules in tables of these names: what they say, iptables-nft-save says better (`xt` expressions lose their arguments). */
export function isIptablesTable({ family, name, chains }: NftTable): boolean {
  if ((family !== 'ip' && family !== 'ip6') || !['raw', 'mangle', 'nat', 'filter', 'security'].includes(name))
    return false
  return [...chains.values()].every(({ hook, name: chain }) => hook === null || chain === chain.toUpperCase())
}
