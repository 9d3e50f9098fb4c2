import path from 'node:path'
import { readFile } from 'node:fs/promises'
import { Config, Errors, flush, run, type Interfaces } from '@oclif/core'
import { didYouMean } from '../net/nearest.ts'
import { UserError } from '../evidence/user-error.ts'
import { commandDone, endAsBug, endAsBugUnlessDone, endWith, exitCodes, say } from './exit.ts'
import { interruptAll, Interruption } from './interrupt.ts'
import { unknownCommand } from './unknown-command.ts'

/** Installed as kubectl-vipdoctor it is a plugin of kubectl. */
const isPlugin = path.basename(process.argv[1] ?? '').startsWith('kubectl-')
const program = isPlugin ? 'kubectl vipdoctor' : 'vipdoctor'

/** Runs the command line of the package that lies in a folder. Never lets an error look like a finding: a user's mistake is 2, a bug is 4. */
export async function main(root: string): Promise<void> {
  endAsBugUnlessDone(interruptAll)
  const argv = asHelp(process.argv.slice(2))
  try {
    await run(argv, isPlugin ? { root, pjson: await pluginsPackage(root) } : { root })
    await flush()
  } catch (error) {
    report((await helplessCommand(error, root)) ?? error, argv)
  }
  commandDone()
}

/** The package as oclif reads it, under the name that one types: help shows that. */
async function pluginsPackage(root: string): Promise<Interfaces.PJSON> {
  const pjson = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as Interfaces.PJSON
  return { ...pjson, oclif: { ...pjson.oclif, bin: program } }
}

/** `help check` is `check --help`, as with git, kubectl and gh; no argument at all asks for help, too. */
const asHelp = (argv: string[]): string[] => (argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv)

/** Help for a command that there is not: oclif says so itself, and names no other. */
async function helplessCommand(error: unknown, root: string): Promise<UserError | null> {
  const id = error instanceof Errors.CLIError ? /^Command (\S+) not found\.$/.exec(error.message)?.[1] : undefined
  return id === undefined ? null : unknownCommand(id, (await Config.load(root)).commandIDs)
}

function report(error: unknown, argv: readonly string[]): void {
  // oclif's own end of --help and --version.
  if (error instanceof Errors.ExitError && error.oclif.exit === 0) return
  if (error instanceof UserError) {
    endWith(exitCodes.usage)
    say(`vipdoctor: ${ofItsFlag(error.message)}`)
    if (error.suggestion !== null) say(error.suggestion)
  } else if (error instanceof Errors.CLIError && !(error instanceof Errors.ExitError)) {
    endWith(exitCodes.usage)
    say(`vipdoctor: ${missingArguments(error) ?? sentence(error.message)}`)
    say(nearestFlag(error) ?? nearestValue(error) ?? `See \`${program} ${helpFor(argv)}\`.`)
  } else if (error instanceof Interruption) {
    endWith(exitCodes.interrupted)
    say('vipdoctor: interrupted.')
  } else endAsBug(error)
}

/** oclif lists missing arguments in a table, which is no sentence. */
function missingArguments(error: Errors.CLIError): string | null {
  const args = 'args' in error && Array.isArray(error.args) ? (error.args as readonly { name?: string }[]) : []
  const names = args.flatMap(({ name }) => name?.toUpperCase() ?? [])
  return names.length === 0 || !error.message.startsWith('Missing') ? null : `Missing argument ${names.join(', ')}.`
}

/** The flags of the command that are nearest to one that it has not; null where nothing is, or that is not what went wrong. */
function nearestFlag(error: Errors.CLIError): string | null {
  if (!('flags' in error && 'parse' in error)) return null
  const { flags, parse } = error as {
    readonly flags: readonly string[]
    readonly parse: { readonly input: { readonly flags?: object } }
  }
  return didYouMean(
    flags[0] ?? '',
    Object.keys(parse.input.flags ?? {}).map((name) => `--${name}`),
  )
}

/** The value that is nearest to one that a flag or an argument cannot have. */
function nearestValue({ message }: Errors.CLIError): string | null {
  const [, value, options] = /^Expected (?:--[\w-]+=)?(.*) to be one of: (.*)$/m.exec(message) ?? []
  return value === undefined ? null : didYouMean(value, (options ?? '').split(', '))
}

/** The help of the command that was typed. */
function helpFor(argv: readonly string[]): string {
  const [command = '', second = ''] = argv.filter((word) => /^[a-z]+$/.test(word))
  return argv[0] !== command ? '--help' : `help ${command === 'capture' ? `${command} ${second}` : command}`
}

/** oclif's messages have several lines and advice of their own; the first one says what is wrong. */
function sentence(message: string): string {
  const lines = ofItsFlag(message)
    .split('\n')
    .map((line) => line.trim())
  const [first = ''] = lines.filter((line) => !/^The following errors? occurred:$/.test(line))
  return /[.!?]$/.test(first) ? first : `${first}.`
}

/** What is wrong with a flag's value: oclif wraps it in three lines. */
function ofItsFlag(message: string): string {
  return message.replace(/^Parsing (--\S+) \n\t([^]*)\nSee more help with --help$/, '$1: $2')
}
