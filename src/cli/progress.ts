import type { Progress } from '../collect/collection.ts'
import { visible } from '../net/visible.ts'

/** The line on a terminal that says what is being read. */
export interface ProgressLine {
  readonly progress: Progress
  /** Ends the line, so that what follows begins at its left. */
  readonly done: () => void
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/** How often a source speaks where nobody sees a line change: a log should say that we live, and not more. */
const quietMs = 5_000

/**
 * Shows progress: on a terminal one line that changes, elsewhere plain lines, at most one in five seconds for each source and the last
 * one of each at the end. What failed always stands as a line of its own. Quiet shows failures only.
 */
export function progressOn(
  stream: Stream,
  { quiet, now }: { readonly quiet: boolean; readonly now: () => number },
): ProgressLine {
  const live = stream.isTTY === true && !quiet
  const spoken = new Map<string, number>()
  const started = now()
  const pending = new Map<string, string>()
  const clear = (): void => {
    if (live) stream.write('\r\u001B[K')
  }
  const progress: Progress = (told, failed = false) => {
    const says = visible(told)
    const source = says.split(':')[0] ?? ''
    if (failed) {
      clear()
      stream.write(`${says}\n`)
    } else if (live) stream.write(`\r\u001B[K${says.slice(0, (stream.columns ?? 80) - 1)}`)
    else if (!quiet) {
      pending.set(source, says)
      if (now() - (spoken.get(source) ?? started) >= quietMs) {
        stream.write(`${says}\n`)
        pending.delete(source)
        spoken.set(source, now())
      }
    }
  }
  return {
    progress,
    done: () => {
      clear()
      for (const source of [...pending.keys()].sort()) stream.write(`${pending.get(source) ?? ''}\n`)
      pending.clear()
    },
  }
}
