import { Chalk, type ChalkInstance } from 'chalk'
import type { Status } from '../checks/finding.ts'
import type { Verdict } from '../diagnosis/diagnosis.ts'

/**
 * How a report looks where it is printed: the colours of a terminal or none, its width in columns, and whether a status is a symbol (on a
 * terminal that shows UTF-8) or a word (in a pipe, where somebody greps). Nothing is told by colour alone.
 */
export interface Look {
  readonly paint: ChalkInstance
  readonly width: number
  readonly symbols: boolean
}

/** 80 columns without colour, in words: a pipe, a file, a golden. */
export const plain: Look = { paint: new Chalk({ level: 0 }), width: 80, symbols: false }

const symbols: Readonly<Record<Status, string>> = { pass: '√', warn: '‼', fail: '×', unknown: '?', skipped: '-' }

/** A status as it stands in front of a line; all of one look are equally wide. */
export function statusMark(status: Status, look: Look): string {
  const text = look.symbols ? symbols[status] : status.padEnd('skipped'.length)
  return coloured(status, look)(text)
}

function coloured(status: Status, { paint }: Look): ChalkInstance {
  return {
    pass: paint.green,
    warn: paint.yellow,
    fail: paint.red.bold,
    unknown: paint.magenta,
    skipped: paint.dim,
  }[status]
}

/** What a verdict is as a status: the mark that stands in front of a VIP. */
export const verdictStatus = {
  reachable: 'pass',
  unreachable: 'fail',
  inconclusive: 'unknown',
} as const satisfies Readonly<Record<Verdict, Status>>

/** A verdict as a word of a sentence. */
export const verdictWord = {
  reachable: 'reachable',
  unreachable: 'unreachable',
  inconclusive: 'not known',
} as const satisfies Readonly<Record<Verdict, string>>

/** A verdict in its colour, or another text in that. */
export const verdictText = (verdict: Verdict, look: Look, text: string = verdict): string =>
  coloured(verdictStatus[verdict], look).bold(text)
