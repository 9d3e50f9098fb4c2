import type { Check } from '../checks/check.ts'
import type { Look } from './paint.ts'
import { wrap } from './wrap.ts'

/** A check's docs for the terminal. */
export function explanation({ id, title, docs, needs, alsoReads, blocks }: Check, look: Look): string {
  const part = (name: string, text: string) => [
    look.paint.bold(name),
    ...text.split('\n').flatMap((line) => wrap(line, look.width, '  ')),
    '',
  ]
  const reads = [
    ...needs,
    ...(alsoReads ?? []).filter((kind) => !needs.includes(kind)).map((kind) => `${kind} (where it is there)`),
  ]
  return [
    look.paint.bold(id),
    ...wrap(`True when it passes: ${title}`, look.width, '  '),
    '',
    ...part('What a failure means', docs.means),
    ...part('How to see it by hand', docs.byHand),
    ...part('How to mend it', docs.mend),
    look.paint.bold('Stops the packet'),
    `  ${blocks ? 'yes' : 'no: it warns, or is listed as also wrong'}`,
    '',
    look.paint.bold('Reads'),
    ...reads.map((kind) => `  ${kind}`),
    '',
    look.paint.bold('Sources'),
    ...docs.sources.flatMap((source) => wrap(source, look.width, '    ', '  - ')),
    '',
  ].join('\n')
}
