import type { Finding } from '../checks/finding.ts'
import { placeText, type Proof } from '../evidence/cite.ts'

/** What stands at a proof's place, as text. */
export const proofValue = ({ value }: Proof): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Proof, fix and what was not read of a finding as plain lines, for a format that has one text behind the sentence. */
export function detailsOf({ proof, fix, gaps = [] }: Finding): string[] {
  return [
    ...(proof.length === 0 ? [] : ['Proof:', ...proof.map((one) => `  ${placeText(one)}: ${proofValue(one)}`)]),
    ...(fix === null ? [] : ['Fix:', ...fix.commands.map((command) => `  ${command}`), `  ${fix.changes}`]),
    ...(gaps.length === 0 ? [] : ['Not read:', ...gaps.map(({ source, reason }) => `  ${source}: ${reason}`)]),
  ]
}
