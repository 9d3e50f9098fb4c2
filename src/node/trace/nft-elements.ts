import { parseAddress, type Address } from '../../net/address.ts'
import { record } from '../../evidence/node/nft.ts'

/**
 * The elements of a large set or map by what they hold, so that a lookup among those of 10,000 Services is one step, as in the kernel.
 * `bySort` has those that hold one plain value or a concatenation of such; `others` the intervals, prefixes and wildcards.
 */
interface ElementIndex {
  readonly bySort: ReadonlyMap<string, { readonly all: readonly number[]; readonly byText: Map<string, number[]> }>
  readonly others: readonly number[]
}

const indexes = new WeakMap<readonly unknown[], ElementIndex>()
const few = 16

/**
 * The places of the elements that a value may meet, ascending. What is left out holds another value of the same sort (an address, a
 * number, a name), so the value certainly does not meet it.
 */
export function mayMeet(elements: readonly unknown[], value: unknown): readonly number[] {
  const wanted = elements.length < few ? null : plainOfValue(value)
  if (wanted === null) return [...elements.keys()]
  const index = indexes.get(elements) ?? indexed(elements)
  indexes.set(elements, index)
  const found = [...index.others]
  for (const [sort, { all, byText }] of index.bySort)
    found.push(...(sort === wanted.sort ? (byText.get(wanted.text) ?? []) : all))
  return found.sort((one, other) => one - other)
}

function indexed(elements: readonly unknown[]): ElementIndex {
  const bySort = new Map<string, { all: number[]; byText: Map<string, number[]> }>()
  const others: number[] = []
  for (const [place, element] of elements.entries()) {
    const plain = plainOf(element)
    if (plain === null) {
      others.push(place)
      continue
    }
    const same = bySort.get(plain.sort) ?? { all: [], byText: new Map<string, number[]>() }
    bySort.set(plain.sort, same)
    same.all.push(place)
    same.byText.set(plain.text, [...(same.byText.get(plain.text) ?? []), place])
  }
  return { bySort, others }
}

/** Whether a value that a packet yields is an address. */
export const isAddress = (value: unknown): value is Address =>
  typeof value === 'object' && value !== null && 'family' in value

interface Plain {
  /** The sorts of its parts: `a` an address, `n` a number, `s` a name. */
  readonly sort: string
  readonly text: string
}

function plainOf(element: unknown): Plain | null {
  const { elem, concat } = record(element)
  if (elem !== undefined) return plainOf(record(elem).val)
  if (Array.isArray(concat)) return together(concat.map(plainOf))
  if (typeof element === 'number') return { sort: 'n', text: String(element) }
  if (typeof element !== 'string' || element === 'unicast' || /^@|\*$/.test(element)) return null
  const address = parseAddress(element)
  return address === null ? { sort: 's', text: element } : { sort: 'a', text: address.text }
}

function plainOfValue(value: unknown): Plain | null {
  if (typeof value === 'number') return { sort: 'n', text: String(value) }
  if (typeof value === 'string') return { sort: 's', text: value }
  if (isAddress(value)) return { sort: 'a', text: value.text }
  return Array.isArray(value) ? together(value.map(plainOfValue)) : null
}

function together(parts: readonly (Plain | null)[]): Plain | null {
  const known = parts.filter((part) => part !== null)
  if (known.length < parts.length) return null
  return { sort: `(${known.map(({ sort }) => sort).join('')})`, text: known.map(({ text }) => text).join(' ') }
}
