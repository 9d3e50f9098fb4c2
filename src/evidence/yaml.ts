import { createRequire } from 'node:module'

/** What a YAML text says; or why it is none, in the parser's words, with the line and the column from 1. */
export type Yaml = { readonly value: unknown } | { readonly error: string }

interface Parser {
  readonly load: (text: string) => unknown
  readonly loadAll: (text: string) => unknown[]
  readonly YAMLException: new () => Error & {
    readonly reason: string
    readonly mark?: { readonly line: number; readonly column: number }
  }
}

let parser: Parser | null = null

/** Reads a text of one YAML document; an empty one is null. The parser is loaded by the first text: most evidence has none. */
export const parseYaml = (text: string): Yaml => parse(text, (yaml) => yaml.load(text) ?? null)

/** Reads a text of several YAML documents, as a list of those that are not empty; of one, that itself. */
export const parseYamls = (text: string): Yaml =>
  parse(text, (yaml) => {
    const documents = yaml.loadAll(text).filter((one) => one !== null && one !== undefined)
    return documents.length > 1 ? documents : (documents[0] ?? null)
  })

function parse(text: string, read: (yaml: Parser) => unknown): Yaml {
  parser ??= createRequire(import.meta.url)('js-yaml') as Parser
  try {
    const value = read(parser)
    return isLargerThan(10 * text.length + 1000, value) ? { error: 'its aliases make far more of it' } : { value }
  } catch (error) {
    if (error instanceof parser.YAMLException) {
      const { reason, mark } = error
      const at = mark === undefined ? '' : ` at line ${String(mark.line + 1)}, column ${String(mark.column + 1)}`
      return { error: `${reason}${at}` }
    }
    // The parser recurses: a text of a hundred thousand brackets is too deep for the stack.
    if (error instanceof RangeError) return { error: 'it is nested too deeply' }
    throw error
  }
}

/** Whether all that a value holds, written out, is more than so many values and characters; one that holds itself is more than any. */
function isLargerThan(most: number, value: unknown): boolean {
  const open = [value]
  let size = 0
  while (open.length > 0) {
    const one = open.pop()
    size += typeof one === 'string' ? one.length + 1 : 1
    if (typeof one === 'object' && one !== null && !(one instanceof Date))
      for (const [key, inside] of Object.entries(one)) {
        size += key.length
        open.push(inside)
      }
    if (size > most) return true
  }
  return false
}
