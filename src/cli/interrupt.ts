import { endNow, exitCodes } from './exit.ts'

/** A signal that Ctrl-C (or SIGTERM) aborts; a second Ctrl-C ends the program at once. `release` gives Ctrl-C back. */
export function onInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
  const stop = new AbortController()
  const listener = (): void => {
    if (stop.signal.aborted) endNow(exitCodes.interrupted)
    stop.abort()
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return {
    signal: stop.signal,
    release: () => {
      process.off('SIGINT', listener)
      process.off('SIGTERM', listener)
    },
  }
}
