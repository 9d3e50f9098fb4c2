import { Flags } from '@oclif/core'
import { UserError } from '../evidence/user-error.ts'

const unitMs = { h: 3_600_000, m: 60_000, s: 1000 } as const

/** A duration as kubectl writes it (`90s`, `2m30s`, `1h`) in milliseconds; a number alone is seconds. @throws UserError */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+)([hms])/g)]
  const whole = parts.map(([part]) => part).join('') === text
  if (/^\d+$/.test(text)) return Number(text) * unitMs.s
  if (!whole || parts.length === 0)
    throw new UserError(`${JSON.stringify(text)} is no duration.`, 'For example: 90s, 2m, 2m30s, 1h.')
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit as keyof typeof unitMs], 0)
}

/** A flag that takes a duration; its value is in seconds, at least one. */
export const durationFlag = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (text) => {
    const seconds = parseDuration(text) / unitMs.s
    if (seconds < 1) throw new UserError(`${text} is less than a second.`)
    return Promise.resolve(seconds)
  },
})
