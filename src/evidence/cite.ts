import { escapeKey } from './shape.ts'

/** Where something stands: a line of a text file (from 1), or a JSON pointer into a JSON file. The empty pointer is a whole file, of any kind. */
export type Place =
  | { readonly file: string; readonly line: number; readonly pointer?: undefined }
  | { readonly file: string; readonly pointer: string; readonly line?: undefined }

/** Where a fact stands and what stands there: the line holds the value; a pointer leads to it, or to what it sums up. */
export type Proof = Place & { readonly value: unknown }

interface ItemPlace {
  readonly file: string
  readonly pointer: string
  /** The item was read out of a text that stands there (YAML in a ConfigMap): a pointer ends at the text. */
  readonly text?: boolean
}

/** Where each top-level item of each listing stands: checks hold values, and a proof needs the way back to the file. */
const places = new WeakMap<object, ItemPlace>()

/** Remembers where an item was read. Only the evidence's readers call it. */
export function rememberPlace(item: object, place: ItemPlace): void {
  places.set(item, place)
}

interface Made {
  readonly from: object
  /** Where in that stands what the keys lead to. */
  readonly keysIn: (keys: readonly (string | number)[]) => readonly (string | number)[]
}

/** What was made of an item of the evidence, in the form of another kind. */
const makings = new WeakMap<object, Made>()

/** Remembers what an item was made of. Only the evidence's readers call it. */
export function rememberMade(item: object, made: Made): void {
  makings.set(item, made)
}

/**
 * Proof from an item of a listing (a Service, a network interface, a route table): the keys lead from the item to the fact.
 * The value is what stands there, null where nothing does. The item itself must be one that the evidence handed out, not a part of it.
 */
export function cite(item: object, ...keys: readonly (string | number)[]): Proof {
  const made = makings.get(item)
  if (made !== undefined) return cite(made.from, ...made.keysIn(keys))
  const place = places.get(item)
  if (place === undefined) throw new TypeError('cite() needs an item as the evidence handed it out')
  let value: unknown = item
  for (const key of keys) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined
  let pointer = place.pointer
  if (place.text !== true) for (const key of keys) pointer += `/${typeof key === 'number' ? key : escapeKey(key)}`
  return { file: place.file, pointer, value: summary(value) }
}

/** Proof that something is not in a listing: the place is the list, the value says how many were looked at. */
export function citeList(file: string, pointer: string, value: unknown): Proof {
  return { file, pointer, value }
}

/** Proof of what a whole file says, or does not say: `value` is that, in words. */
export const citeFile = (file: string, value: string): Proof => ({ file, pointer: '', value })

/** Proof from a text file. */
export const citeLine = (file: string, line: number, value: string): Proof => ({ file, line, value: value.trim() })

/** A place as a person would look it up: `FILE:LINE`, `FILE /POINTER`, or the file alone. */
export const placeText = (place: Place): string =>
  place.line === undefined ? `${place.file} ${place.pointer}`.trimEnd() : `${place.file}:${String(place.line)}`

const isRecord = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null

/** A proof shows a fact, not a whole object: large values are named by what they are. */
function summary(value: unknown): unknown {
  if (!isRecord(value)) return value ?? null
  const text = JSON.stringify(value)
  if (text.length <= 300) return value
  return Array.isArray(value) ? `list of ${String(value.length)}` : `object with ${Object.keys(value).join(', ')}`
}
