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
export const parseYaml = (text: string): Yaml => parse((yaml) => yaml.load(text) ?? null)

/** Reads a text of several YAML documents, as a list of those that are not empty; of one, that itself. */
export const parseYamls = (text: string): Yaml =>
  parse((yaml) => {
    const documents = yaml.loadAll(text).filter((one) => one !== null && one !== undefined)
    return documents.length > 1 ? documents : (documents[0] ?? null)
  })

function parse(read: (yaml: Parser) => unknown): Yaml {
  parser ??= createRequire(import.meta.url)('js-yaml') as Parser
  try {
    return { value: read(parser) }
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
