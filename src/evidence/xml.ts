import { gap, type Known } from './gap.ts'
import { behind, behindRun, run } from './sticky.ts'

/** An element of a document that a program wrote. `tag` is its start tag as it is written, `line` where that begins. */
export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  readonly tag: string
  readonly line: number
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[]
}

/** More than any program writes into one document that is read here. */
const most = { characters: 8 * 2 ** 20, elements: 100_000, depth: 64 }

const declaration = /<\?xml [^?<>]*\?>/y
const blanks = run(String.raw`[ \t\r\n]`)
/** A name longer than any program writes is none. */
const name = String.raw`[A-Za-z_][\w.:-]{0,255}`
const begin = new RegExp(`<(${name})`, 'y')
const attribute = new RegExp(name, 'y')
const end = /(\/?)>/y
const close = new RegExp(`</(${name})`, 'y')

const behindBlanks = (text: string, at: number): number => behindRun(blanks, text, at)

/**
 * Reads the part of XML 1.0 in which programs keep data: elements and attributes, with comments, blanks and references to characters. All
 * else (text, CDATA, DOCTYPE, other entities, processing instructions) is a gap and no part of an answer, and so are a document that is cut
 * off and one of a size that no program writes. The time it takes grows as the text does.
 */
export function parseXml(file: string, text: string): Known<XmlElement> {
  if (text.length > most.characters) return gap(file, `not read: longer than ${String(most.characters)} characters`)
  const open: OpenElement[] = []
  let root: XmlElement | null = null
  let elements = 0
  const lineAt = lineCounter(text)
  const stoppedAt = (at: number) =>
    gap(
      file,
      `${text.includes('>', at) ? 'not XML of elements and attributes alone' : 'cut off'}: parsing stopped at line ${String(lineAt(at))}`,
    )
  for (let at = behind(declaration, text, 0); ;) {
    at = behindBlanks(text, at)
    if (at === text.length && open.length === 0 && root !== null) return root
    if (text.startsWith('<!--', at)) {
      const ended = text.indexOf('-->', at + '<!--'.length)
      if (ended === -1) return stoppedAt(text.length)
      at = ended + '-->'.length
      continue
    }
    const closed = matchAt(close, text, at)
    if (closed !== null) {
      const last = behindBlanks(text, at + closed[0].length)
      if (text[last] !== '>' || open.pop()?.name !== closed[1]) return stoppedAt(at)
      at = last + 1
      continue
    }
    const inside = open.at(-1)
    const begun: StartTag | null = (inside === undefined) === (root === null) ? startTag(text, at) : null
    elements += 1
    if (begun === null || elements > most.elements || open.length >= most.depth) return stoppedAt(at)
    const { name, attributes, empty, after } = begun
    const element: OpenElement = { name, attributes, children: [], tag: text.slice(at, after), line: lineAt(at) }
    inside?.children.push(element)
    root ??= element
    if (!empty) open.push(element)
    at = after
  }
}

interface StartTag {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly empty: boolean
  /** Where what follows it begins. */
  readonly after: number
}

/** The start tag at a place; null where none is, or one that is not whole. */
function startTag(text: string, start: number): StartTag | null {
  const begun = matchAt(begin, text, start)
  if (begun === null) return null
  const attributes = new Map<string, string>()
  let at = start + begun[0].length
  for (;;) {
    const first = behindBlanks(text, at)
    const key = first === at ? null : (matchAt(attribute, text, first)?.[0] ?? null)
    if (key === null) break
    const equals = behindBlanks(text, first + key.length)
    const from = text[equals] === '=' ? behindBlanks(text, equals + 1) : -1
    const quote = text[from] ?? ''
    const to = quote === '"' || quote === "'" ? text.indexOf(quote, from + 1) : -1
    const value = to === -1 ? null : valueOf(text.slice(from + 1, to))
    if (value === null || attributes.has(key)) return null
    attributes.set(key, value)
    at = to + 1
  }
  at = behindBlanks(text, at)
  const ended = matchAt(end, text, at)
  if (ended === null) return null
  return { name: begun[1] ?? '', attributes, empty: ended[1] === '/', after: at + ended[0].length }
}

const characters: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** What an attribute says; null where something else stands in it than characters and references to them. */
function valueOf(written: string): string | null {
  if (written.includes('<')) return null
  const odd: string[] = []
  const value = written.replace(/&(?:([a-z]{2,4}|#\d{1,7}|#x[\dA-Fa-f]{1,6});)?/g, (_, name: string | undefined) => {
    const character = characterOf(name ?? '')
    if (character === null) odd.push(name ?? '')
    return character ?? ''
  })
  return odd.length === 0 ? value : null
}

function characterOf(name: string): string | null {
  if (!name.startsWith('#')) return Object.hasOwn(characters, name) ? (characters[name] ?? null) : null
  const code = Number(name.startsWith('#x') ? `0${name.slice(1)}` : name.slice(1))
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : null
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at
  return expression.exec(text)
}

/** The line of a place, from 1; places are asked for in their order. */
function lineCounter(text: string): (at: number) => number {
  let [line, next] = [1, text.indexOf('\n')]
  return (at) => {
    while (next !== -1 && next < at) {
      line += 1
      next = text.indexOf('\n', next + 1)
    }
    return line
  }
}
