import type { Command, Config } from '@oclif/core'

/** A command as help, completion and the man page tell of it: `name` with blanks (`capture arp`). */
export interface Described {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly args: readonly { readonly name: string; readonly description: string; readonly required: boolean }[]
  readonly flags: readonly DescribedFlag[]
  readonly examples: readonly string[]
}

/** A flag as help and completion tell of it. `char` is null for one without a short form, `byDefault` for one without a default. */
export interface DescribedFlag {
  readonly name: string
  readonly char: string | null
  readonly description: string
  /** What stands for its value in help; null for a flag that has none. */
  readonly value: string | null
  readonly options: readonly string[]
  readonly byDefault: string | null
  readonly integer: boolean
  /** The part of help in which it stands; null: the first. */
  readonly group: string | null
}

/** The commands of the program by name, in alphabetical order, flags too. */
export const describedCommands = (config: Config): readonly Described[] =>
  config.commands.map((command) => described(command)).toSorted((one, other) => (one.name < other.name ? -1 : 1))

function described({ id, summary, description, args, flags, examples }: Command.Loadable): Described {
  return {
    name: id.replaceAll(':', ' '),
    summary: summary ?? '',
    description: description ?? '',
    args: Object.values(args).map((arg) => ({
      name: arg.name.toUpperCase(),
      description: arg.description ?? '',
      required: arg.required === true,
    })),
    flags: Object.values(flags)
      .map((flag): DescribedFlag => {
        const option = flag.type === 'option'
        const options = option ? (flag.options ?? []) : []
        const byDefault = option && typeof flag.default === 'string' ? flag.default : null
        return {
          name: flag.name,
          char: flag.char ?? null,
          description: flag.description ?? '',
          value: option ? (flag.helpValue?.toString() ?? flag.name.toUpperCase()) : null,
          options,
          byDefault,
          integer: option && (typeof flag.default === 'number' || 'min' in flag),
          group: flag.helpGroup ?? null,
        }
      })
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    examples: (examples ?? []).flatMap((example) => (typeof example === 'string' ? example : example.command)),
  }
}
