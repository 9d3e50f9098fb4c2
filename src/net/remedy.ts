import type { Command } from './shell.ts'

/** A line for a shell on the user's own machine; what must run on a node begins with `ssh NODE sudo`. Values enter it by `sh` alone. */
export type Line = string | Command

interface Looks {
  readonly look?: readonly Line[]
  readonly advice?: string
}

interface Mends extends Looks {
  readonly summary: string
  readonly commands: readonly Line[]
  readonly changes: string
}

/**
 * What a user can type against a fault. Never run by this program.
 * `look`: lines that only show something. `commands`: lines that mend, with what they do in a few words (`summary`: "give the address to
 * controller-0") and what they change besides (`changes`). `advice`: what is left to the user's own hands where no line mends.
 */
export type Remedy = Mends | (Looks & Partial<Readonly<Record<Exclude<keyof Mends, keyof Looks>, undefined>>>)

/** Several remedies as one: all their lines, in the words of the first that mends. */
export function together(remedies: readonly Remedy[]): Remedy {
  const mends = remedies.filter((one): one is Mends => one.commands !== undefined)
  const [first] = mends
  const look = remedies.flatMap((one) => one.look ?? [])
  const advice = remedies.flatMap((one) => one.advice ?? [])[0]
  return {
    ...(first === undefined ? {} : { ...first, commands: mends.flatMap(({ commands }) => commands) }),
    look,
    ...(advice === undefined ? {} : { advice }),
  }
}

/** The lines that can be printed, each once, and why the others cannot. */
export function printable(lines: readonly Line[]): {
  readonly lines: readonly string[]
  readonly refused: readonly string[]
} {
  const good = lines.flatMap((line) => (typeof line === 'string' ? [line] : 'line' in line ? [line.line] : []))
  const refused = lines.flatMap((line) => (typeof line !== 'string' && 'refused' in line ? [line.refused] : []))
  return { lines: [...new Set(good)], refused: [...new Set(refused)] }
}
