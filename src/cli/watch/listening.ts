import { counted } from '../../net/words.ts'
import { progressOn } from '../progress.ts'
import { say } from '../exit.ts'

/** What somebody who waits for frames is told on standard error. */
export interface Listening {
  /** Where is listened now, and how long at most; null: until what was asked for is answered. */
  readonly begin: (name: string, seconds: number | null) => void
  readonly frame: () => void
  /** Makes room on a terminal, for a line of the report or for good. */
  readonly clear: () => void
  readonly end: () => void
}

/** Says once where is listened; on a terminal also, each second, how many frames there were and how long it goes on. Quiet says nothing. */
export function listening({ quiet, now }: { readonly quiet: boolean; readonly now: () => number }): Listening {
  const { stderr } = process
  const { progress, done } = progressOn(stderr, { quiet, now })
  let frames = 0
  let shown = false
  let ticking: NodeJS.Timeout | null = null
  return {
    begin: (name, seconds) => {
      if (quiet) return
      say(`listening on ${name}${seconds === null ? '' : ` for ${String(seconds)} s`}; Ctrl-C ends it sooner`)
      if (!stderr.isTTY) return
      const started = now()
      ticking = setInterval(() => {
        shown = true
        const left =
          seconds === null ? '' : `, ${String(Math.max(0, seconds - Math.round((now() - started) / 1000)))} s left`
        progress(`${name}: ${counted(frames, 'frame')}${left}`)
      }, 1000)
    },
    frame: () => {
      frames += 1
    },
    clear: () => {
      // There may be a hundred thousand frames a second, and one line.
      if (shown) done()
      shown = false
    },
    end: () => {
      if (ticking !== null) clearInterval(ticking)
      done()
    },
  }
}
