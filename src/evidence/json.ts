import { isUtf8 } from 'node:buffer'
import { gap, isGap, type Known } from './gap.ts'
import type { Store } from './store.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** A file's text; a gap where it is absent, unreadable, or no UTF-8 text (a binary file under a text file's name). */
export function readText(store: Store, file: string): Known<string> {
  const bytes = readTextBytes(store, file)
  return isGap(bytes) ? bytes : decodeText(bytes)
}

/** The text of bytes that {@link readTextBytes} gave, without a byte order mark. */
export const decodeText = (bytes: Uint8Array): string => decoder.decode(bytes)

/** The bytes of a file's text, for a reader that makes no string of a large file; a gap as {@link readText} has it. */
export function readTextBytes(store: Store, file: string): Known<Uint8Array> {
  const bytes = store.read(file)
  if (isGap(bytes)) return bytes
  const nul = bytes.indexOf(0)
  if (nul !== -1) return gap(file, `not text: a zero byte at offset ${String(nul)}`)
  return isUtf8(bytes) ? bytes : gap(file, 'not text: no valid UTF-8')
}

/** A file's JSON value; a gap that says where parsing stopped. */
export function readJson(store: Store, file: string): Known<unknown> {
  const text = readText(store, file)
  return isGap(text) ? text : parseJson(file, text)
}

/** Parses a file's text; a gap that says where parsing stopped. */
export function parseJson(file: string, text: string): Known<unknown> {
  if (text.trim() === '') return gap(file, 'empty, not JSON')
  try {
    return JSON.parse(text) as unknown
  } catch {
    return gap(file, whereItStopped(text))
  }
}

function whereItStopped(text: string): string {
  const offset = firstWrongOffset(text)
  const before = text.slice(0, offset ?? text.length)
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  return `${offset === null ? 'cut off' : 'not JSON'}: parsing stopped at line ${String(line)}, column ${String(column)}`
}

/**
 * Where the first character stands that no JSON text can have there; null where the text only ends too early.
 * V8 names the position for some errors only. A beginning of JSON fails for its early end, a wrong one for its wrong character:
 * so the place is found by halving.
 */
function firstWrongOffset(text: string): number | null {
  if (endsEarly(text)) return null
  let [good, bad] = [0, text.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (endsEarly(text.slice(0, middle))) good = middle
    else bad = middle
  }
  return bad - 1
}

/** V8 says "end of JSON input", or names the position behind the last character. */
function endsEarly(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const { message } = error as SyntaxError
    return message.includes('end of JSON input') || message.includes(`at position ${String(text.length)}`)
  }
}
