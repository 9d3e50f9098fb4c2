import { endNow, exitCodes, say } from './exit.ts'

/** Ctrl-C, before there was anything to show. */
export class Interruption extends Error {}

const listening = new Set<AbortController>()

/** Stops whatever listens to Ctrl-C now, as Ctrl-C does; false where nothing does. */
export function interruptAll(): boolean {
  for (const stop of listening) stop.abort()
  return listening.size > 0
}

/**
 * A signal that Ctrl-C aborts, or SIGTERM, or the end of the terminal; `release` gives Ctrl-C back. A second Ctrl-C ends the program at
 * once, unless there is something to take away first: then it says what, and the third one does. Of several that listen, that is for the
 * one that began last.
 */
export function onInterrupt(takingAway: string | null = null): {
  readonly signal: AbortSignal
  readonly release: () => void
} {
  const stop = new AbortController()
  let warned = takingAway === null
  const listener = (): void => {
    if (!stop.signal.aborted) stop.abort(new Interruption())
    else if ([...listening].at(-1) !== stop) return
    else if (warned) endNow(exitCodes.interrupted)
    else {
      warned = true
      say(`vipdoctor: ${takingAway ?? ''}`)
    }
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  listening.add(stop)
  for (const name of signals) process.on(name, listener)
  return {
    signal: stop.signal,
    release: () => {
      listening.delete(stop)
      for (const name of signals) process.off(name, listener)
    },
  }
}
