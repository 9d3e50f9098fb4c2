import { bitsOf, type Address } from '../../net/address.ts'
import { parseCidrOrAddress, parseRange, rangeHas, type Range } from '../../net/range.ts'

/** One member of a set: a part for each dimension (an address range, a port with its protocol, a name), and whether it excludes (`nomatch`). */
interface Member {
  readonly ranges: readonly (Range | null)[]
  readonly texts: readonly string[]
  readonly nomatch: boolean
}

interface IpSet {
  readonly name: string
  /** `hash:ip,port` gives `['ip', 'port']`. */
  readonly types: readonly string[]
  readonly members: readonly Member[]
  /** By their text, for what is asked exactly. */
  readonly exact: ReadonlySet<string>
}

/** The sets of a node by name. `misread` are the lines (from 1) that were not understood. */
export interface IpSets {
  readonly sets: ReadonlyMap<string, IpSet>
  readonly misread: readonly number[]
}

/** Reads `ipset save`. Source: ipset(8), "Generic create and add options". */
export function parseIpsetSave(text: string): IpSets {
  const building = new Map<string, { types: string[]; members: Member[]; exact: Set<string> }>()
  const misread: number[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const [command = '', name = '', what = '', ...options] = line.trim().split(/\s+/)
    if (command === '' || command.startsWith('#')) continue
    const set = building.get(name)
    if (command === 'create')
      building.set(name, { types: what.replace(/^[a-z]+:/, '').split(','), members: [], exact: new Set() })
    else if (command === 'add' && set !== undefined) {
      const nomatch = options.includes('nomatch')
      set.members.push({ ...parts(what, set.types), nomatch })
      if (!nomatch) set.exact.add(what)
    } else misread.push(index + 1)
  }
  return { sets: new Map([...building].map(([name, set]) => [name, { name, ...set }])), misread }
}

function parts(what: string, types: readonly string[]): { ranges: (Range | null)[]; texts: string[] } {
  const texts = what.split(',')
  return {
    texts,
    ranges: texts.map((text, at) =>
      types[at] === 'ip' || types[at] === 'net' ? (parseCidrOrAddress(text) ?? parseRange(text)) : null,
    ),
  }
}

/** What a packet brings to a set for each dimension that the rule names (`src`, `dst`). */
export interface SetKey {
  readonly address: Address
  readonly port: number
  readonly protocol: string
  readonly device: string | null
}

/** Whether a packet is in a set; null where there is no such set in the dump, or a dimension of a kind that is not known. */
export function inSet(sets: IpSets, name: string, keys: readonly SetKey[]): boolean | null {
  const set = sets.sets.get(name)
  if (set === undefined) return null
  if (set.types.some((type) => !['ip', 'net', 'port', 'iface'].includes(type)) || keys.length < set.types.length)
    return null
  const exact = set.types.map((type, at) => partText(type, keys[at])).join(',')
  if (set.exact.has(exact)) return true
  const held = set.members.filter((member) => set.types.every((type, at) => holds(type, member, at, keys[at])))
  // Of several nets that hold the address the narrowest speaks, and it may say no.
  const [narrowest] = held.sort((one, other) => size(one) - size(other))
  return narrowest !== undefined && !narrowest.nomatch
}

function partText(type: string, key: SetKey | undefined): string {
  if (key === undefined) return ''
  if (type === 'port') return `${key.protocol}:${String(key.port)}`
  return type === 'iface' ? (key.device ?? '') : key.address.text
}

function holds(type: string, { ranges, texts }: Member, at: number, key: SetKey | undefined): boolean {
  if (key === undefined) return false
  const range = ranges[at]
  if (type === 'ip' || type === 'net') return range != null && rangeHas(range, key.address)
  return texts[at] === partText(type, key) || (type === 'port' && inPorts(texts[at] ?? '', key))
}

/** `tcp:80`, `tcp:8000-8080`, `80`. */
function inPorts(text: string, { port, protocol }: SetKey): boolean {
  // A bitmap:port has no protocol: its members are numbers of any.
  const [named, range = named] = text.includes(':') ? text.split(':') : [protocol, text]
  const [first, last = first] = (range ?? '').split('-').map(Number)
  return named === protocol && first !== undefined && last !== undefined && first <= port && port <= last
}

const size = ({ ranges }: Member): number => {
  const [range] = ranges
  return range == null ? 0 : Number(range.last - range.first) / 2 ** (bitsOf(range.family) - 32)
}
