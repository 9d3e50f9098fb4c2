import { unescapeKey } from './shape.ts'
import { behindRun, run } from './sticky.ts'

/** From the first character of a JSON value to behind its last one. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Where the value of a JSON pointer stands in a text that is JSON; null where the pointer leads nowhere. Only the way there is read, and
 * where the first items of a long list were looked up before, `starts` remembers them: a report asks for thousands of places of one list.
 */
export function jsonSpan(text: string, pointer: string, starts = new Map<string, number[]>()): Span | null {
  let at = skipSpace(text, 0)
  let prefix = ''
  for (const key of pointer.split('/').slice(1).map(unescapeKey)) {
    const next = text[at] === '[' ? itemAt(text, at, Number(key), starts, prefix) : memberAt(text, at, key)
    if (next === null) return null
    at = next
    prefix += `/${key}`
  }
  return { start: at, end: skipValue(text, at) }
}

function memberAt(text: string, object: number, key: string): number | null {
  if (text[object] !== '{') return null
  let at = skipSpace(text, object + 1)
  while (text[at] === '"') {
    const end = skipValue(text, at)
    const value = skipSpace(text, skipSpace(text, end) + 1)
    if (JSON.parse(text.slice(at, end)) === key) return value
    at = behindComma(text, skipValue(text, value))
  }
  return null
}

function itemAt(
  text: string,
  list: number,
  index: number,
  starts: Map<string, number[]>,
  prefix: string,
): number | null {
  const known = starts.get(prefix) ?? []
  starts.set(prefix, known)
  for (let at = behindItem(text, list, known); known.length <= index && at < text.length && text[at] !== ']';) {
    known.push(at)
    at = behindComma(text, skipValue(text, at))
  }
  return known[index] ?? null
}

function behindItem(text: string, list: number, known: readonly number[]): number {
  const last = known.at(-1)
  return last === undefined ? skipSpace(text, list + 1) : behindComma(text, skipValue(text, last))
}

function behindComma(text: string, at: number): number {
  const next = skipSpace(text, at)
  return text[next] === ',' ? skipSpace(text, next + 1) : next
}

const space = run(String.raw`[ \t\r\n]`)
const unquoted = run(String.raw`[^"\\]`)
const scalar = run(String.raw`[^,\]} \t\r\n]`)
const noBracket = run(String.raw`[^"{}[\]]`)

const skipSpace = (text: string, at: number): number => behindRun(space, text, at)

/** Behind the string that begins at a place; the place itself where it does not end. */
function behindString(text: string, at: number): number {
  for (let place = behindRun(unquoted, text, at + 1); place < text.length; place = behindRun(unquoted, text, place + 2))
    if (text[place] === '"') return place + 1
  return at
}

function skipValue(text: string, at: number): number {
  if (text[at] === '"') return behindString(text, at)
  if (text[at] !== '{' && text[at] !== '[') return behindRun(scalar, text, at)
  let depth = 0
  for (let place = at; place < text.length;) {
    const character = text[place]
    if (character === '"') {
      place = Math.max(behindString(text, place), place + 1)
    } else if (character === '{' || character === '[') {
      depth += 1
      place += 1
    } else if (character === '}' || character === ']') {
      depth -= 1
      place += 1
      if (depth === 0) return place
    } else place = behindRun(noBracket, text, place)
  }
  return text.length
}
