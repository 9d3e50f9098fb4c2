import type { Answer } from '../diagnosis/diagnosis.ts'

interface Strictness {
  readonly failOnWarning: boolean
  readonly allowUnknown: boolean
}

/** The exit code of a check: 0 reachable, 1 unreachable (or a warning, where asked), 3 inconclusive (0, where allowed). */
export function exitCodeOf(
  { verdict, warned }: Pick<Answer, 'verdict' | 'warned'>,
  { failOnWarning, allowUnknown }: Strictness,
): 0 | 1 | 3 {
  if (verdict === 'unreachable') return 1
  if (failOnWarning && warned) return 1
  return verdict === 'inconclusive' && !allowUnknown ? 3 : 0
}
