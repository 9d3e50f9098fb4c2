import { record, type NftTable } from '../../evidence/node/nft.ts'
import { mayMeet } from './nft-elements.ts'
import { absent, meets, valueOf } from './nft-value.ts'
import type { Packet } from './types.ts'
import type { World } from './world.ts'

/** What a map gives a packet: the value of an element (`absent` where its key has none: the rule ends), and for which share of the packets. */
export interface Found {
  readonly value: unknown
  readonly share: number
  /** False where the key is not known: then every value that it may lead to is found, and `absent` besides. */
  readonly sure: boolean
}

/** Of more values that a key may lead to no more are told apart. */
const most = 64

/** Looks a key up in a map, named or not; null where the map itself is not in the evidence. Source: libnftables-json(5), "MAP". */
export function lookUp(
  { key, data }: Readonly<Record<string, unknown>>,
  packet: Packet,
  table: NftTable,
  world: World,
): readonly Found[] | null {
  const elements = elementsOf(table, data)
  if (elements === null) return null
  const { numgen } = record(key)
  if (numgen !== undefined) return drawn(record(numgen), elements)
  const value = valueOf(key, packet, world)
  if (value === absent) return [{ value: absent, share: 1, sure: true }]
  const places = mayMeet(elements.keys, value).filter((place) => place !== elements.otherwise)
  const answers = places.map((place) => meets(value, elements.keys[place], table))
  const place = places[answers.indexOf(true)]
  if (place !== undefined) return [{ value: elements.values[place], share: 1, sure: true }]
  const open = places.filter((_, index) => answers[index] === null).slice(0, most)
  const rest = elements.otherwise === undefined ? absent : elements.values[elements.otherwise]
  const all = [rest, ...open.map((one) => elements.values[one])]
  return all.map((one) => ({ value: one, share: 1 / all.length, sure: open.length === 0 }))
}

/** A number of `mod` is drawn, each as likely as any other: an element has the share of the numbers that it stands for, `absent` the rest. */
function drawn(
  { mod, offset }: Readonly<Record<string, unknown>>,
  { keys, values, otherwise }: Elements,
): readonly Found[] {
  const first = Number(offset ?? 0)
  const many = Math.max(Number(mod ?? 1), 1)
  const found = keys.map((key, place) => ({
    value: values[place],
    share: covered(key, first, many) / many,
    sure: true,
  }))
  const left = 1 - found.reduce((sum, { share }) => sum + share, 0)
  const rest = otherwise === undefined ? absent : values[otherwise]
  return [...found, { value: rest, share: left, sure: true }].filter(({ share }) => share > 1e-9)
}

/** How many of `many` numbers from `first` on a key of a map stands for. */
function covered(key: unknown, first: number, many: number): number {
  const { elem, range } = record(key)
  if (elem !== undefined) return covered(record(elem).val, first, many)
  const [low, high] = Array.isArray(range) ? (range as readonly unknown[]) : [key, key]
  if (typeof low !== 'number' || typeof high !== 'number') return 0
  return Math.max(0, Math.min(high, first + many - 1) - Math.max(low, first) + 1)
}

interface Elements {
  readonly keys: readonly unknown[]
  readonly values: readonly unknown[]
  /** The place of the element `*`, which stands for every key that no other has. */
  readonly otherwise: number | undefined
}
const known = new WeakMap<readonly unknown[], Elements>()

function elementsOf(table: NftTable, data: unknown): Elements | null {
  const named = typeof data === 'string' && data.startsWith('@') ? table.sets.get(data.slice(1))?.elements : null
  const list: unknown = named ?? record(data).set
  if (!Array.isArray(list)) return null
  const elements = known.get(list) ?? split(list)
  known.set(list, elements)
  return elements
}

function split(list: readonly unknown[]): Elements {
  const pairs = list.filter((pair): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2)
  const keys = pairs.map(([key]) => key)
  const place = keys.findIndex((key) => (record(record(key).elem).val ?? key) === '*')
  return { keys, values: pairs.map(([, value]) => value), otherwise: place === -1 ? undefined : place }
}
