import { sh, type Command } from '../net/shell.ts'

/** How the evidence came here, as far as it decides which command would read more. `flags` are those of the run, to be typed again. */
export type Reading =
  | { readonly from: 'bundle'; readonly path: string }
  | {
      readonly from: 'live'
      readonly nodes: string
      readonly region: string | null
      readonly flags: readonly (readonly [name: string, value: string])[]
    }

/** A command with flags of the run behind it. */
export const withFlags = (command: Command, flags: readonly (readonly [name: string, value: string])[]): Command =>
  flags.reduce((line, [name, value]) => sh`${line} --${name}=${value}`, command)
