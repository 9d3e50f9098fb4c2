import { Errors, flush, run } from '@oclif/core'
import { UserError } from '../evidence/user-error.ts'
import { interruptAll } from './interrupt.ts'

/** The exit codes of docs/json.md. */
export const exitCodes = { reachable: 0, unreachable: 1, usage: 2, inconclusive: 3, bug: 4 } as const

/** Runs the command line. Never lets an error look like a finding: a user's mistake is 2, a bug is 4. */
export async function main(moduleUrl: string): Promise<void> {
  // `vipdoctor … | head` closes our standard output early; that is no error of ours, and nobody reads on.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (!interruptAll()) process.exit()
  })
  // A bug anywhere: what was made in a cluster is still taken away.
  const bugs: number[] = []
  process.on('uncaughtException', (error) => {
    bugs.push(report(error))
    if (!interruptAll()) process.exit(bugs[0])
  })
  try {
    await run(process.argv.slice(2), moduleUrl)
    await flush()
  } catch (error) {
    process.exitCode = report(error)
  }
  if (bugs[0] !== undefined) process.exitCode = bugs[0]
}

function report(error: unknown): number {
  if (error instanceof Errors.ExitError) return error.oclif.exit ?? exitCodes.bug
  if (error instanceof UserError) {
    console.error(`vipdoctor: ${error.message}`)
    if (error.suggestion !== null) console.error(error.suggestion)
    return exitCodes.usage
  }
  if (error instanceof Errors.CLIError) {
    console.error(`vipdoctor: ${missingArguments(error) ?? sentence(error.message)}`)
    console.error('See `vipdoctor --help`.')
    return exitCodes.usage
  }
  console.error(
    'vipdoctor: this is a bug in vipdoctor, not a finding. Please report it with the lines below and, where you can, the bundle.',
  )
  console.error(error)
  return exitCodes.bug
}

/** oclif lists missing arguments in a table, which is no sentence. */
function missingArguments(error: Errors.CLIError): string | null {
  const args = 'args' in error && Array.isArray(error.args) ? (error.args as readonly { name?: string }[]) : []
  const names = args.flatMap(({ name }) => name?.toUpperCase() ?? [])
  return names.length === 0 || !error.message.startsWith('Missing') ? null : `Missing argument ${names.join(', ')}.`
}

/** oclif's messages have several lines and advice of their own; the first one says what is wrong. */
function sentence(message: string): string {
  const lines = message.split('\n').map((line) => line.trim())
  const first = lines.find((line) => !/^The following errors? occurred:$/.test(line)) ?? ''
  return /[.!?]$/.test(first) ? first : `${first}.`
}
