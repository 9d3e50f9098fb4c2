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
