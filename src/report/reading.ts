import { sh, word, type Command } from '../net/shell.ts'
import type { Access } from './access.ts'

/** How the evidence came here, as far as it decides which command would read more. `flags` are those of the run, to be typed again. */
export type Reading =
  | { readonly from: 'bundle'; readonly path: string }
  | {
      readonly from: 'live'
      readonly nodes: string
      readonly region: string | null
      readonly access: Access
      readonly flags: readonly (readonly [name: string, value: string])[]
    }

/** A command with flags of the run behind it. */
export const withFlags = (command: Command, flags: readonly (readonly [name: string, value: string])[]): Command =>
  flags.reduce((line, [name, value]) => sh`${line} ${word(`--${name}=${value}`)}`, command)

/** The command that judges a VIP of this evidence again. */
export function checkAgain(target: readonly string[], reading: Reading): Command {
  const check = sh`vipdoctor check ${target}`
  if (reading.from === 'bundle') return sh`${check} --bundle ${word(reading.path)}`
  return withFlags(reading.nodes === 'none' ? check : sh`${check} --nodes ${reading.nodes}`, reading.flags)
}
