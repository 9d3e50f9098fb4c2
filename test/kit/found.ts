import type { Evidence } from '../../src/evidence/evidence.ts'
import { diagnosisOf } from './answers.ts'
import { fixture } from './fixtures.ts'
import { sentence } from './sentence.ts'

/** What one check says in the diagnosis of a target: each of its findings as status and sentence. */
export function found(
  evidence: Evidence,
  id: string,
  target = 'default/nginx-lb',
  client?: string,
): readonly (readonly [string, string])[] {
  return diagnosisOf(evidence, target, client)
    .findings.filter((finding) => finding.id === id)
    .map((finding) => [finding.status, sentence(finding)] as const)
}

/** The same for a recording as it is. */
export const foundIn = async (
  name: string,
  id: string,
  target?: string,
  client?: string,
): Promise<readonly (readonly [string, string])[]> => found(await fixture(name), id, target, client)
