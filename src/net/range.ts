import { addressOf, bitsOf, parseAddress, type Address, type Family } from './address.ts'

/** All addresses of one family from `first` to `last`, both included. */
export interface Range {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

/** A range that is a prefix. `text` is canonical: the network address and the length (`10.240.0.0/24`). */
export interface Cidr extends Range {
  readonly prefix: number
  readonly text: string
}

/**
 * Reads `ADDRESS/LENGTH`; host bits are cleared, as the kernel and EC2 do. Null for anything else,
 * an address without a length included (see {@link parseCidrOrAddress}).
 */
export function parseCidr(text: string | null | undefined): Cidr | null {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text ?? '')
  const address = parseAddress(match?.[1])
  const prefix = Number(match?.[2])
  if (address === null || prefix > bitsOf(address.family)) return null
  return cidrOf(address, prefix)
}

/** Reads a CIDR, or an address as the CIDR that holds only it. */
export function parseCidrOrAddress(text: string | null | undefined): Cidr | null {
  const address = parseAddress(text)
  return address === null ? parseCidr(text) : cidrOf(address, bitsOf(address.family))
}

/** The prefix of this length around an address. */
export function cidrOf(address: Address, prefix: number): Cidr {
  const { family, value, text } = address
  const bits = bitsOf(family)
  if (prefix === bits) return { family, first: value, last: value, prefix, text: `${text}/${String(bits)}` }
  const hostBits = BigInt(bits - prefix)
  const first = (value >> hostBits) << hostBits
  const last = first | ((1n << hostBits) - 1n)
  return { family, first, last, prefix, text: `${addressOf(family, first).text}/${String(prefix)}` }
}

/** Reads `FIRST-LAST` (blanks allowed, as MetalLB allows them), a CIDR, or one address; null when LAST is before FIRST. */
export function parseRange(text: string | null | undefined): Range | null {
  const dash = text?.includes('-') === true ? /^\s*([^\s-]+)\s*-\s*([^\s-]+)\s*$/.exec(text) : null
  if (dash === null) return parseCidrOrAddress(text?.trim())
  const first = parseAddress(dash[1])
  const last = parseAddress(dash[2])
  if (!first || first.family !== last?.family || first.value > last.value) return null
  return { family: first.family, first: first.value, last: last.value }
}

/** The range that holds one address. */
export const rangeOf = (address: Address): Range => ({
  family: address.family,
  first: address.value,
  last: address.value,
})

/** All addresses of a family. */
export const everyAddress = (family: Family): Range => ({
  family,
  first: 0n,
  last: (1n << (family === 6 ? 128n : 32n)) - 1n,
})

/** Whether an address lies in a range; never of the other family. */
export function rangeHas(range: Range, address: Address): boolean {
  return range.family === address.family && range.first <= address.value && address.value <= range.last
}

/** Whether every address of `inner` lies in `outer`. */
export function rangeCovers(outer: Range, inner: Range): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last
}

/** What two ranges have in common; null if nothing. */
export function intersect(one: Range, other: Range): Range | null {
  if (one.family !== other.family) return null
  const first = one.first > other.first ? one.first : other.first
  const last = one.last < other.last ? one.last : other.last
  return first <= last ? { family: one.family, first, last } : null
}

/** Whether two ranges have an address in common. */
export const overlaps = (one: Range, other: Range): boolean => intersect(one, other) !== null

/** What is left of `ranges` without `taken`, in order. */
export function subtract(ranges: readonly Range[], taken: Range): Range[] {
  return ranges.flatMap((range) => {
    const common = intersect(range, taken)
    if (common === null) return [range]
    const rest: Range[] = []
    if (range.first < common.first) rest.push({ ...plain(range), last: common.first - 1n })
    if (common.last < range.last) rest.push({ ...plain(range), first: common.last + 1n })
    return rest
  })
}

const plain = ({ family, first, last }: Range): Range => ({ family, first, last })

/** The range in words: an address, a CIDR where it is one, else `FIRST-LAST`. */
export function rangeText(range: Range): string {
  const first = addressOf(range.family, range.first)
  if (range.first === range.last) return first.text
  const prefix = prefixOf(range)
  return prefix === null
    ? `${first.text}-${addressOf(range.family, range.last).text}`
    : `${first.text}/${String(prefix)}`
}

/** The length of the prefix that a range is; null where it is none. */
function prefixOf(range: Range): number | null {
  const size = sizeOf(range)
  const isPrefix = (size & (size - 1n)) === 0n && (range.first & (size - 1n)) === 0n
  return isPrefix ? bitsOf(range.family) - lowestBit(size) : null
}

/** The place of the lowest bit that is set. */
const lowestBit = (value: bigint): number => (value & -value).toString(2).length - 1

/** The fewest prefixes that hold a range and nothing else, for what takes prefixes only. */
export function prefixesOf({ family, first, last }: Range): readonly Cidr[] {
  const found: Cidr[] = []
  for (let from = first; from <= last;) {
    let free = from === 0n ? bitsOf(family) : lowestBit(from)
    while (from + (1n << BigInt(free)) - 1n > last) free -= 1
    found.push(cidrOf(addressOf(family, from), bitsOf(family) - free))
    from += 1n << BigInt(free)
  }
  return found
}

/** How many addresses a range has. */
export const sizeOf = (range: Range): bigint => range.last - range.first + 1n
