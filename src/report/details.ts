import type { Finding } from '../checks/finding.ts'
import { placeText, type Proof } from '../evidence/cite.ts'

/** What stands at a proof's place, as text. */
export const proofValue = ({ value }: Proof): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Proof, fix, what only looks, and what was not read of a finding as plain lines, for a format that has one text behind the sentence. */
export function detailsOf({ proof, look, fix, advice, refused = [], gaps = [] }: Finding): string[] {
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)]
  return [
    ...part(
      'Proof',
      proof.map((one) => `${placeText(one)}: ${proofValue(one)}`),
    ),
    ...part(fix === null ? '' : `Fix (${fix.summary})`, fix === null ? [] : [...fix.commands, fix.changes]),
    ...part('To do by hand', advice === undefined ? [] : [advice]),
    ...part('To look', look),
    ...part('Not printed', refused),
    ...part(
      'Not read',
      gaps.map(({ source, reason }) => `${source}: ${reason}`),
    ),
  ]
}
