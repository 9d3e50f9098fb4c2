import { Chalk, type ChalkInstance } from 'chalk'
import type { Status } from '../checks/finding.ts'
import type { Verdict } from '../diagnosis/diagnosis.ts'

/** How a report looks where it is printed: the colours of a terminal or none, and its width in columns. */
export interface Look {
  readonly paint: ChalkInstance
  readonly width: number
}

/** 80 columns without colour: a pipe, a file, a golden. */
export const plain: Look = { paint: new Chalk({ level: 0 }), width: 80 }

export function statusText(status: Status, { paint }: Look, width = 0): string {
  const text = status.padEnd(width)
  switch (status) {
    case 'pass':
      return paint.green(text)
    case 'warn':
      return paint.yellow(text)
    case 'fail':
      return paint.red.bold(text)
    case 'unknown':
      return paint.magenta(text)
    case 'skipped':
      return paint.dim(text)
  }
}

export function verdictText(verdict: Verdict, { paint }: Look): string {
  switch (verdict) {
    case 'reachable':
      return paint.green.bold(verdict)
    case 'unreachable':
      return paint.red.bold(verdict)
    case 'inconclusive':
      return paint.magenta.bold(verdict)
  }
}
