import type { Finding } from '../../src/checks/finding.ts'
import { checks } from '../../src/checks/index.ts'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { diagnosisOf } from './answers.ts'
import { fixture } from './fixtures.ts'
import { sentence } from './sentence.ts'

/** What one check finds of a target, as in its diagnosis: no check's findings hang on another's. */
function findingsOf(evidence: Evidence, id: string, target = 'default/nginx-lb', client?: string): readonly Finding[] {
  const among = checks.filter((check) => check.id === id)
  if (among.length === 0) throw new Error(`no check is called ${id}`)
  return diagnosisOf(evidence, target, client, among).findings
}

/** The same as status and sentence. */
export const found = (
  evidence: Evidence,
  id: string,
  target?: string,
  client?: string,
): readonly (readonly [string, string])[] =>
  findingsOf(evidence, id, target, client).map((finding) => [finding.status, sentence(finding)])

/** The same for a recording as it is. */
export const foundIn = async (
  name: string,
  id: string,
  target?: string,
  client?: string,
): Promise<readonly (readonly [string, string])[]> => found(await fixture(name), id, target, client)
