import { Errors, flush, run } from '@oclif/core'
import { didYouMean } from '../net/nearest.ts'
import { UserError } from '../evidence/user-error.ts'
import { commandDone, endAsBug, endAsBugUnlessDone, endWith, exitCodes, say } from './exit.ts'
import { interruptAll } from './interrupt.ts'

/** Runs the command line. Never lets an error look like a finding: a user's mistake is 2, a bug is 4. */
export async function main(moduleUrl: string): Promise<void> {
  endAsBugUnlessDone(interruptAll)
  try {
    await run(asHelp(process.argv.slice(2)), moduleUrl)
    await flush()
  } catch (error) {
    report(error)
  }
  commandDone()
}

/** `help check` is `check --help`, as with git, kubectl and gh; no argument at all asks for help, too. */
const asHelp = (argv: string[]): string[] => (argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv)

function report(error: unknown): void {
  // oclif's own end of --help and --version.
  if (error instanceof Errors.ExitError && error.oclif.exit === 0) return
  if (error instanceof UserError) {
    endWith(exitCodes.usage)
    say(`vipdoctor: ${error.message}`)
    if (error.suggestion !== null) say(error.suggestion)
  } else if (error instanceof Errors.CLIError && !(error instanceof Errors.ExitError)) {
    endWith(exitCodes.usage)
    say(`vipdoctor: ${missingArguments(error) ?? sentence(error.message)}`)
    say(nearestFlag(error) ?? 'See `vipdoctor --help`.')
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

/** oclif's messages have several lines and advice of their own; the first one says what is wrong. */
function sentence(message: string): string {
  const lines = message.split('\n').map((line) => line.trim())
  const [said = '', why = ''] = lines.filter((line) => !/^The following errors? occurred:$/.test(line))
  const flag = /^Parsing (--\S+)$/.exec(said)?.[1]
  const first = flag === undefined ? said : `${flag}: ${why}`
  return /[.!?]$/.test(first) ? first : `${first}.`
}
