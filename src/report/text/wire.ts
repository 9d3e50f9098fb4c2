import type { Finding } from '../../checks/finding.ts'
import { inWords } from '../../net/words.ts'
import type { Look } from '../paint.ts'
import { wrap } from '../wrap.ts'

/** What captures show of a VIP that one host alone claims, and which of them; what is wrong there stands among the causes and the warnings. */
export function wireLines(findings: readonly Finding[], look: Look): readonly string[] {
  const captures = new Map<string, string[]>()
  for (const { id, status, says, subject } of findings)
    if (id === 'wire/several-announcers' && status === 'pass')
      captures.set(says, [...(captures.get(says) ?? []), subject.replace('capture/captures/', '')])
  return captures.size === 0
    ? []
    : [
        look.paint.bold('  On the wire:'),
        ...[...captures].flatMap(([says, files]) => wrap(`${says} (${inWords(files)})`, look.width, '    ', '  - ')),
      ]
}
