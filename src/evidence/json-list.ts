import { isAscii } from 'node:buffer'
import { gap, isGap, type Gap, type Known } from './gap.ts'
import { parseAnswer } from './answer.ts'
import { decodeText, readTextBytes } from './json.ts'
import { memberOf, moreAfter, rememberPart } from './part.ts'
import type { Gathered, Store } from './store.ts'

/** Bytes of a long list that are parsed at once: their text and their values still fit a processor's cache. */
const pieceSize = 1 << 18

/** What is kept of one item of a list; a gap ends the reading. */
type ReadItem<T> = (item: unknown, place: ItemPlace) => Known<T>

/** Where an item stands: a file and a JSON pointer, which is empty for a file of one item. `isListed`: under the member that holds the list. */
interface ItemPlace {
  readonly file: string
  readonly pointer: string
  readonly isListed: boolean
}

/**
 * The list that a JSON file has as a member, each item as `read` keeps it. A long list is parsed in pieces, and what is not kept of one
 * is free before the next: the pods of a large cluster are hundreds of megabytes. A gap where the file is no such listing. Of a list that is
 * only a part of one that is remembered (`partOf`). A list without its member (`--query`, `jq .items`) is read too, and one object in its place.
 */
export function readJsonList<T>(store: Store, file: string, member: string, read: ReadItem<T>): Known<readonly T[]> {
  const gathered = store.gathered?.(file)
  if (gathered !== undefined && gathered !== null) return keepGathered(file, gathered, read)
  const bytes = readTextBytes(store, file)
  if (isGap(bytes)) return bytes
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return (
    (text.length < 4 * pieceSize ? null : readInPieces(file, text, member, read)) ?? readWhole(file, text, member, read)
  )
}

/** What was found in files of other names. */
function keepGathered<T>(file: string, { items, part }: Gathered, read: ReadItem<T>): Known<readonly T[]> {
  const kept: T[] = []
  for (const { value, ...place } of items) {
    const one = read(value, place)
    if (isGap(one)) return gap(file, one.source === file ? one.reason : `${one.source}: ${one.reason}`)
    kept.push(one)
  }
  if (part !== null) rememberPart(kept, gap(file, part))
  return Object.freeze(kept)
}

function readWhole<T>(file: string, text: Buffer, member: string, read: ReadItem<T>): Known<readonly T[]> {
  const json = parseAnswer(file, decodeText(text))
  if (isGap(json)) return json
  const kept: T[] = []
  if (Array.isArray(json)) return keepBare(file, kept, json, member, read) ?? Object.freeze(kept)
  const list = memberOf(json, member)
  if (list === undefined && isObject(json)) {
    const one = read(json, { file, pointer: '', isListed: false })
    return isGap(one) ? one : Object.freeze([one])
  }
  if (!Array.isArray(list)) return gap(file, `not what its name says: there is no list /${member}`)
  rememberPart(kept, moreAfter(file, json))
  return keepAll(kept, list, read, listedAt(file, `/${member}`)) ?? Object.freeze(kept)
}

/** Items without a list around them, and lists one behind the other (documents of YAML). */
function keepBare<T>(file: string, kept: T[], bare: readonly unknown[], member: string, read: ReadItem<T>): Gap | null {
  for (const [at, one] of bare.entries()) {
    const list = memberOf(one, member)
    rememberPart(kept, moreAfter(file, one))
    const stopped = Array.isArray(list)
      ? keepAll(kept, list, read, listedAt(file, `/${String(at)}/${member}`))
      : keepAll(kept, [one], read, () => ({ file, pointer: `/${String(at)}`, isListed: false }))
    if (stopped !== null) return stopped
  }
  return null
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

/**
 * Cuts the list wherever an item may begin, and parses each piece as a list of its own. That it parses proves the cut: it closed as many
 * brackets as it opened, so it ended between two items, as it began. Null where that does not hold, or the file is no such listing.
 */
function readInPieces<T>(file: string, text: Buffer, member: string, read: ReadItem<T>): Known<readonly T[]> | null {
  const start = text.indexOf('[') + 1
  const end = text.lastIndexOf(']')
  const border = borderOf(text.toString('utf8', start, start + 1000))
  const answer = parsed(text.toString('utf8', 0, start) + text.toString('utf8', end))
  if (border === null || !isEmpty(memberOf(answer, member))) return null
  const kept: T[] = []
  rememberPart(kept, moreAfter(file, answer))
  for (let at = start; at < end;) {
    const found = text.indexOf(border, at + pieceSize)
    const next = found === -1 ? end : found + 1
    const items = parsed(`[${textOf(text.subarray(at, next))}]`)
    if (items === null) return null
    const stopped = keepAll(kept, items as unknown[], read, listedAt(file, `/${member}`, kept.length))
    if (stopped !== null) return stopped
    at = next + 1
  }
  return Object.freeze(kept)
}

/** A piece of a text that is UTF-8: one without a letter beyond ASCII is a string at once. */
const textOf = (piece: Buffer): string => piece.toString(isAscii(piece) ? 'latin1' : 'utf8')

/** What stands between two items that begin as the first one does: its closing brace, a comma, the white space, the name of its first member. */
function borderOf(beginning: string): string | null {
  const first = /^\s*\{\s*"[^"\\]*"/.exec(beginning)
  return first === null ? null : `},${first[0]}`
}

const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}

function keepAll<T>(
  kept: T[],
  items: readonly unknown[],
  read: ReadItem<T>,
  placeOf: (at: number) => ItemPlace,
): Gap | null {
  for (const [at, item] of items.entries()) {
    const one = read(item, placeOf(at))
    if (isGap(one)) return one
    kept.push(one)
  }
  return null
}

/** Under a list that stands at a pointer. */
const listedAt =
  (file: string, list: string, first = 0) =>
  (at: number): ItemPlace => ({ file, pointer: `${list}/${String(first + at)}`, isListed: true })
