import { UserError } from '../../evidence/user-error.ts'
import type { Frame } from '../frame.ts'
import type { SourceEnd, Wanted } from '../source.ts'
import type { Running } from './running.ts'
import { readFrames } from './stream.ts'

interface Reading {
  readonly name: string
  /** How long the program may take to end; then its processes are killed, and what it would have said of losses is not known. */
  readonly patienceMs: number
  /** What the program's words mean where it could not capture. */
  readonly refusal: (complaint: string, status: number | null) => UserError | null
  /** How many frames it says were lost. */
  readonly dropped: (said: string, status: number | null) => SourceEnd['dropped']
  /** Why it ended though nobody asked it to, a phrase. */
  readonly lastWords: (said: string, status: number | null) => string
  /** On which interface it says that it listens. */
  readonly on?: (said: string) => string | undefined
  readonly wanted: Wanted
  readonly take: (frame: Frame) => void
  readonly signal: AbortSignal
  readonly onListening?: (() => void) | undefined
}

/** Reads what a program captures until it ends, which it does when its standard input is closed: at the signal, or when we end. */
export async function readRunning(
  running: Running,
  { name, patienceMs, refusal, dropped, lastWords, on, wanted, take, signal, onListening }: Reading,
): Promise<SourceEnd> {
  let impatient: NodeJS.Timeout | null = null
  const end = (): void => {
    running.end()
    impatient ??= setTimeout(running.kill, patienceMs)
  }
  const heard: { sinceMs: number | null } = { sinceMs: null }
  const listening = (): void => {
    heard.sinceMs = performance.now()
    onListening?.()
  }
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  try {
    const { cut, frames } = await readFrames(
      name,
      toldOf(running.output, listening),
      wanted,
      take,
      new AbortController().signal,
    ).catch((error: unknown) => {
      if (error instanceof UserError) return { cut: null, frames: new Map<number, number>() }
      throw error
    })
    const unasked = !signal.aborted
    const seconds = heard.sinceMs === null ? 0 : (performance.now() - heard.sinceMs) / 1000
    end()
    const { status, said } = await running.closed
    const refused = refusal(said, status)
    if (refused !== null) throw refused
    return {
      cut: signal.aborted ? null : cut,
      dropped: dropped(said, status),
      frames,
      early: unasked ? { seconds, why: lastWords(said, status) } : undefined,
      on: on?.(said),
    }
  } finally {
    signal.removeEventListener('abort', end)
    end()
    void running.closed.then(() => {
      if (impatient !== null) clearTimeout(impatient)
    })
  }
}

/** How a program ended that said nothing of it. */
export function endOf(status: number | null): string {
  if (status === null || status > 128) return 'was killed'
  return status === 0 ? 'ended by itself' : `ended with status ${String(status)}`
}

/** The same bytes; the first of them, the file's header, comes when it listens. */
async function* toldOf(output: AsyncIterable<Buffer>, onListening: () => void): AsyncIterable<Buffer> {
  let first = true
  for await (const chunk of output) {
    if (first) onListening()
    first = false
    yield chunk
  }
}
