import { isUtf8 } from 'node:buffer'
import { gap, isGap, type Known } from './gap.ts'
import { jsonStop } from './json-stop.ts'
import { nestsTooDeep } from './shape.ts'
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
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return gap(file, whereItStopped(text))
  }
  return nestsTooDeep(value)
    ? gap(file, 'not what its name says: nested deeper than anything that a tool writes')
    : value
}

function whereItStopped(text: string): string {
  const stop = jsonStop(text)
  const end = stop ?? text.length
  let [lines, lineStart] = [1, 0]
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', lineStart)) {
    lines += 1
    lineStart = at + 1
  }
  return `${stop === null ? 'cut off' : 'not JSON'}: parsing stopped at line ${String(lines)}, column ${String(end - lineStart + 1)}`
}
