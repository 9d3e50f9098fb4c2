import type { Finding } from '../checks/finding.ts'
import type { Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap } from '../evidence/gap.ts'
import { regionOf, type Region } from '../evidence/passage.ts'

/** A file of the bundle and the lines in it. */
export interface Location extends Region {
  readonly file: string
}

/** Where a proof stands; at the file's first line where its lines cannot be told (a capture, a file that is too large). */
export function locationOf({ store }: Evidence, proof: Proof): Location {
  const region = regionOf(store, proof)
  return { file: proof.file, ...(isGap(region) ? { startLine: 1, endLine: 1 } : region) }
}

/** Where a finding stands: at its first proof, else at what was not read, else at the bundle itself. */
export function placeOfFinding(evidence: Evidence, { proof, gaps = [] }: Finding): Location {
  const [first] = proof
  if (first !== undefined) return locationOf(evidence, first)
  return { file: gaps[0]?.source ?? 'bundle.json', startLine: 1, endLine: 1 }
}
