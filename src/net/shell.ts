import { invisible, shownName } from './visible.ts'

/** A line that somebody will paste into a shell; or, for a value in it that no name could be, the reason why there is none. */
export type Command = { readonly line: string } | { readonly refused: string }

/** A word that is no name but our own text around values: JSON, a jsonpath. Quoted whatever it holds. */
export interface Word {
  readonly word: string
}

/** A string is a name, from evidence or a flag; a list is several words; a command stands as it is, as part of another. */
export type ShellValue = string | number | undefined | readonly string[] | Word | Command

/** A word that is quoted and not held to be a name. */
export const word = (text: string): Word => ({ word: text })

/** A JSON value as one word, for `kubectl patch -p`. */
export const jsonWord = (value: unknown): Word => ({ word: JSON.stringify(value) })

/** A command that the shell of a node reads behind `ssh NODE sudo`: words that mean the same to both shells stand as they are. */
export const remotely = (command: Command): Word | Command =>
  'refused' in command || sameToTwoShells.test(command.line) ? command : { word: command.line }

/** A command that a node's shell reads as root. */
export const onNode = (node: string, command: Command): Command => sh`ssh ${node} sudo ${remotely(command)}`

const sameToTwoShells = /^[\w./:@%+,= -]*$/

/**
 * The one place where values enter a printed command: sh`kubectl -n ${namespace} get service ${name}` quotes each once for a POSIX
 * shell, where it needs that. Inside single quotes of the template a name stands as it is: nothing that ends quotes is a name.
 */
export function sh(literals: TemplateStringsArray, ...values: readonly ShellValue[]): Command {
  let line = literals[0] ?? ''
  let open = openQuote(line, '')
  for (const [index, value] of values.entries()) {
    const command = placed(value, { open, startsWord: open === '' && /(?:^|\s)$/.test(line) })
    if ('refused' in command) return command
    const literal = literals[index + 1] ?? ''
    open = openQuote(literal, open)
    line += command.line + literal
  }
  return { line }
}

interface Place {
  /** The quote of the template that is open here: `'`, `"`, or none. */
  readonly open: string
  readonly startsWord: boolean
}

function placed(value: ShellValue, place: Place): Command {
  if (value === undefined) return { refused: 'a name that the command needs is not in the evidence' }
  if (typeof value === 'number') return { line: String(value) }
  if (typeof value === 'string') return placedName(value, place)
  if ('line' in value || 'refused' in value) return value
  if (!('word' in value)) return placedList(value, place)
  if (place.open !== '') throw new Error(`A word that is quoted stands inside quotes: ${value.word}`)
  return invisible.test(value.word)
    ? { refused: `“${shownName(value.word)}” holds characters that cannot be seen` }
    : { line: quoted(value.word) }
}

function placedList(names: readonly string[], place: Place): Command {
  const lines: string[] = []
  for (const name of names) {
    const command = placedName(name, place)
    if ('refused' in command) return command
    lines.push(command.line)
  }
  return { line: lines.join(' ') }
}

function placedName(name: string, { open, startsWord }: Place): Command {
  const why = whyNoName(name, startsWord)
  if (why !== null) return { refused: `“${shownName(name, 60)}” ${why}` }
  // Inside "$(…)" the words are split again: there only what needs no quotes may stand.
  if (open === '"' && !plainWord.test(name)) return { refused: `“${shownName(name, 60)}” cannot stand inside quotes` }
  return { line: open === '' ? quoted(name) : name }
}

/** Longer than a path of Linux may be (PATH_MAX, linux/limits.h); every name in Kubernetes and EC2 is far shorter. */
const longestName = 4096

/** Nothing in Kubernetes, EC2 or Linux that a command names has quotes, `$`, `\` or `!`; what has them was made to be pasted. */
function whyNoName(name: string, startsWord: boolean): string | null {
  if (name === '') return 'stands where a name should be'
  if (name.length > longestName) return `has ${String(name.length)} characters: no name is so long`
  if (invisible.test(name)) return 'holds characters that cannot be seen'
  const [quote] = /['"`$\\!]/.exec(name) ?? []
  if (quote !== undefined) return `holds ${quote}, which no name does`
  return startsWord && name.startsWith('-') ? 'begins with a dash, and a command would take it for an option' : null
}

/** `=` first is a command's path to zsh, `~` a home, braces and `*` are several words. */
const plainWord = /^[\w./:@%+,-][\w./:@%+,=-]*$/

const quoted = (text: string): string => (plainWord.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** Which quote is open behind a literal part of a template. A backslash means nothing between single quotes. */
function openQuote(literal: string, before: string): string {
  let open = before
  for (const [token] of literal.matchAll(/\\?['"]/g)) {
    const quote = token.slice(-1)
    if (token.length === 2 && open !== "'") continue
    if (open === '') open = quote
    else if (open === quote) open = ''
  }
  return open
}
