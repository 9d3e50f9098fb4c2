import { behind, behindRun, run } from './sticky.ts'

const space = run(String.raw`[ \t\r\n]`)
/** All but the quote, the backslash and what stands before the blank. */
const plain = run(String.raw`[ !#-[\]-\uFFFF]`)
const escape = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y
const escapeBegun = /\\(?:u[\da-fA-F]{0,3})?/y
const digits = /-?(?:(?:0|[1-9]\d*)(?:\.\d*)?(?:(?<=\d)[eE][+-]?\d*)?)?/y
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const literals = ['true', 'false', 'null']

/** What may stand next: a value; a value or the end of an empty list; a name or the end of an empty object; a name; a colon; a comma or the end; nothing. */
type Next = 'value' | 'item' | 'member' | 'name' | 'colon' | 'more' | 'nothing'

/** How far a token reaches; `wrong` where what stands at `end` belongs to none. A token that ends with the text is not whole (`cut`). */
interface Token {
  readonly end: number
  readonly fault: 'wrong' | 'cut' | null
}

/**
 * Where the first character stands that no JSON text can have there; null where the text only ends too early, or is JSON. Reads the text once.
 * V8 names the place for some errors only.
 */
export function jsonStop(text: string): number | null {
  const open: ('{' | '[')[] = []
  let next: Next = 'value'
  for (let at = behindRun(space, text, 0); at < text.length; at = behindRun(space, text, at)) {
    const character = text[at] ?? ''
    const closes = character === (open.at(-1) === '{' ? '}' : ']') && open.length > 0
    if (closes && next !== 'value' && next !== 'name' && next !== 'colon') {
      open.pop()
      next = behindValue(open)
      at += 1
    } else if (next === 'colon' || next === 'more') {
      if (character !== (next === 'colon' ? ':' : ',')) return at
      next = next === 'colon' || open.at(-1) === '[' ? 'value' : 'name'
      at += 1
    } else if ((next === 'value' || next === 'item') && (character === '{' || character === '[')) {
      open.push(character)
      next = character === '{' ? 'member' : 'item'
      at += 1
    } else if (next === 'nothing') return at
    else {
      const isName: boolean = next === 'name' || next === 'member'
      const token: Token = isName && character !== '"' ? { end: at, fault: 'wrong' } : tokenAt(text, at)
      if (token.fault !== null) return token.fault === 'wrong' ? token.end : null
      next = isName ? 'colon' : behindValue(open)
      at = token.end
    }
  }
  return null
}

const behindValue = (open: readonly unknown[]): Next => (open.length === 0 ? 'nothing' : 'more')

function tokenAt(text: string, at: number): Token {
  const character = text[at] ?? ''
  if (character === '"') return stringAt(text, at)
  if (/[-\d]/.test(character)) {
    const end = behind(digits, text, at)
    const whole = number.test(text.slice(at, end))
    return { end, fault: whole ? null : end === text.length ? 'cut' : 'wrong' }
  }
  const literal = literals.find((one) => one.startsWith(character))
  if (literal === undefined) return { end: at, fault: 'wrong' }
  let same = 1
  while (same < literal.length && text[at + same] === literal[same]) same += 1
  if (same === literal.length) return { end: at + same, fault: null }
  return { end: at + same, fault: at + same === text.length ? 'cut' : 'wrong' }
}

function stringAt(text: string, start: number): Token {
  for (let at = behindRun(plain, text, start + 1); ; at = behindRun(plain, text, at)) {
    if (text[at] === '"') return { end: at + 1, fault: null }
    const next = behind(escape, text, at)
    if (next > at) {
      at = next
      continue
    }
    const end = behind(escapeBegun, text, at)
    return { end, fault: end === text.length ? 'cut' : 'wrong' }
  }
}
