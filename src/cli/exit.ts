import { visible } from '../net/visible.ts'

/** The exit codes of docs/json.md. */
export const exitCodes = { reachable: 0, unreachable: 1, usage: 2, inconclusive: 3, bug: 4, interrupted: 130 } as const

/** One of the codes that the process may end with. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What the process ends with, and whether its command has come to its end. Nothing but this file sets an exit code. */
let asked: ExitCode = exitCodes.reachable
let ended = false
/** Stops what must be taken away before the end; false where there is nothing. */
let stopFirst = (): boolean => false

/** Says what the process ends with once its command is done. A bug stays one, whatever is said after it. */
export function endWith(code: ExitCode): void {
  if (asked !== exitCodes.bug) asked = code
}

/** The command is done: from now on the process ends with what it asked for. */
export function commandDone(): void {
  ended = true
  process.exitCode = asked
}

/** Ends the process at once: nobody reads on, or Ctrl-C was pressed again. */
export function endNow(code: ExitCode = asked): never {
  ended = true
  process.exit(code)
}

/** Says what the bug was, and ends with its code: at once, or when what was made in a cluster is taken away. */
export function endAsBug(error: unknown): void {
  endWith(exitCodes.bug)
  say(
    'vipdoctor: this is a bug in vipdoctor, not a finding. Please report it with the lines below and, where you can, the bundle.',
  )
  for (const line of stackOf(error).split('\n')) say(line)
  if (!stopFirst()) endNow()
}

/**
 * Until its command is done, whatever ends the process is a bug: an error that nobody caught, in a stream or a timer, a promise that was
 * rejected or never settled. Node would end with 1 there, which a pipeline takes for a finding.
 */
export function endAsBugUnlessDone(stop: () => boolean): void {
  stopFirst = stop
  process.exitCode = exitCodes.bug
  process.on('uncaughtException', endAsBug)
  process.on('exit', () => {
    if (!ended)
      say('vipdoctor: this is a bug in vipdoctor, not a finding: it ended before it had an answer. Please report it.')
  })
  // Whoever does not listen to standard error any more need not hear that.
  process.stderr.on('error', () => undefined)
  // oclif's own listener would throw what it does not know.
  process.stdout.removeAllListeners('error').on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // `vipdoctor … | head` closes our standard output early; that is no error of ours.
    if (code !== 'EPIPE') {
      endWith(exitCodes.usage)
      say(`vipdoctor: Standard output cannot be written: ${message}.`)
    }
    if (!stopFirst()) endNow()
  })
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `It threw ${String(error)}.`
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}

/** A line on standard error. */
export function say(line: string): void {
  process.stderr.write(`${visible(line)}\n`)
}
