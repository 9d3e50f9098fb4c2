/** The exit code of a program that Ctrl-C ended, as shells know it; no code of ours, since nothing was judged. */
export const interruptedExitCode = 130

/** A signal that Ctrl-C (or SIGTERM) aborts; a second Ctrl-C ends the program at once. `release` gives Ctrl-C back. */
export function onInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
  const stop = new AbortController()
  const listener = (): void => {
    if (stop.signal.aborted) process.exit(interruptedExitCode)
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
