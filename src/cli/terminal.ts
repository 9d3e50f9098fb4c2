import { once } from 'node:events'
import { Chalk, supportsColor } from 'chalk'
import type { Look } from '../report/paint.ts'

/** A look as data alone, for another thread. */
export interface LookAsData {
  readonly colours: 0 | 1 | 2 | 3
  readonly width: number
  readonly symbols: boolean
}

/** The look of standard output: colour and width only on a terminal, colour only where nothing forbids it (https://no-color.org). */
export function terminalLook(flags: { readonly 'no-color': boolean; readonly ascii?: boolean }): LookAsData {
  const terminal = process.stdout.isTTY
  const forbidden = flags['no-color'] || (process.env.NO_COLOR ?? '') !== '' || process.env.TERM === 'dumb'
  const columns = terminal ? process.stdout.columns : 80
  return {
    colours: terminal && !forbidden && supportsColor !== false ? supportsColor.level : 0,
    width: Math.min(Math.max(columns, 40), 120),
    symbols: terminal && !flags.ascii && showsUtf8(),
  }
}

/** What a report paints with. */
export const lookFrom = ({ colours, width, symbols }: LookAsData): Look => ({
  paint: new Chalk({ level: colours }),
  width,
  symbols,
})

/** The look of standard output, to paint with. */
export const lookOf = (flags: Parameters<typeof terminalLook>[0]): Look => lookFrom(terminalLook(flags))

/** By the variables that set the character set of a terminal, in the order in which the C library looks at them (locale(7)). */
function showsUtf8(): boolean {
  const { LC_ALL, LC_CTYPE, LANG, TERM } = process.env
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '') ?? ''
  return /utf-?8/i.test(locale) && TERM !== 'dumb'
}

/** Writes to standard output, where nothing else writes; false where it is not read as fast. */
export const print = (text: string): boolean => process.stdout.write(text)

/** Writes no faster than it is read: a long report must not stand in memory a second time. */
export async function printAll(chunks: Iterable<string>): Promise<void> {
  for (const chunk of chunks) if (!print(chunk)) await once(process.stdout, 'drain')
}
