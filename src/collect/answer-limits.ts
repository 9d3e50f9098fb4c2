/** The most that one answer may have, and take; a server that sends a byte now and then, or without end, is not waited for. */
export interface AnswerLimits {
  readonly bytes: number
  readonly ms: number
}

/** An answer that is not waited for any longer; the message is a phrase. */
export class AnswerError extends Error {}

/** Nothing came at all. */
export class SilenceError extends AnswerError {}

export const tooLarge = ({ bytes }: AnswerLimits): AnswerError =>
  new AnswerError(`its answer is larger than ${String(Math.round(bytes / 1024 ** 2))} MiB`)

export const tooSlow = (ms: number): AnswerError =>
  new AnswerError(`its answer was not whole after ${String(ms / 1000)} s`)
