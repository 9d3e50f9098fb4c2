import type { Gate } from '../diagnosis/gate.ts'
import type { Look } from './paint.ts'
import { wrap } from './wrap.ts'

/** What was accepted, what is wrong with the acceptances, and why the exit code is what it is. */
export function gateText({ exitCode, because, accepted, warnings }: Gate, look: Look): string {
  const items = accepted.flatMap(({ id, subject, reason, until }) =>
    wrap(`${id} for ${subject}${until === null ? '' : ` until ${until}`}: ${reason}`, look.width, '    ', '  - '),
  )
  return [
    ...(items.length === 0 ? [] : [look.paint.bold('Accepted, and not counted by the exit code:'), ...items]),
    ...warnings.flatMap((text) => wrap(text, look.width, '')),
    ...wrap(`Exit code ${exitCode}: ${because}.`, look.width, ''),
  ].join('\n')
}
