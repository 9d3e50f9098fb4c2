import type { Finding } from '../../src/checks/finding.ts'

/** What a finding says, and what it could not read. */
export function sentence({ says, gaps = [] }: Pick<Finding, 'says' | 'gaps'>): string {
  const because = gaps.map(({ source, reason }) => `${source}: ${reason}`).join('; ')
  return because === '' ? says : `${says.replace(/\.$/, '')} (${because}).`
}
