import type { Answer, HidingGap } from '../../diagnosis/diagnosis.ts'
import { counted, inWords } from '../../net/words.ts'
import { byReason } from '../by-reason.ts'
import { verdictText, type Look } from '../paint.ts'
import type { Reading } from '../reading.ts'
import { wrap } from '../wrap.ts'
import { commandsFor } from './next-steps.ts'

/** Why it is not known which VIPs there are, the reason first, and what to type next; nothing where all of them are known. */
export function unlistedLines(
  { complete, diagnoses, gaps }: Answer<unknown>,
  reading: Reading,
  look: Look,
): readonly string[] {
  // What hides which VIPs there are hides every check.
  const most = Math.max(0, ...gaps.map(({ hides }) => hides.length))
  const [first] = complete ? [] : byReason(gaps.filter(({ hides }) => hides.length === most))
  if (first === undefined) return []
  const { reason, sources } = first
  const loud = diagnoses.length === 0 ? 'NOT KNOWN' : 'There may be more VIPs'
  const [line = '', ...rest] = wrap(
    `${loud}: ${reason}${reading.from === 'bundle' ? ` (${inWords(sources)})` : ''}`,
    look.width,
    '  ',
    '',
  )
  const likewise = gaps.filter((gap) => gap.reason === reason).length
  const more = gaps.length - likewise
  const commands = commandsFor({ place: sources[0]?.split('/')[0] ?? '', sources }, null, reading)
  return [
    line.replace(loud, verdictText('inconclusive', look, loud)),
    ...rest,
    ...(likewise === 1 ? [] : [`  For this reason ${String(likewise)} files were not read.`]),
    ...(more === 0 ? [] : [`  ${counted(more, 'more file')} were not read (--verbose lists them).`]),
    ...(commands.length === 0 ? [] : ['', '  To know more:']),
    ...commands.flatMap((command) => ('line' in command ? [`    ${look.paint.cyan(command.line)}`] : [])),
  ]
}

/** What could not be read, the reason first, and which checks that hides: for `--verbose`. */
export const gapLines = (gaps: readonly HidingGap[], look: Look): readonly string[] => [
  look.paint.bold('Could not be read:'),
  ...byReason(gaps).flatMap(({ reason, sources, hides }) => [
    ...wrap(`${reason}:`, look.width, '    ', '  - '),
    ...wrap(inWords(sources, Infinity), look.width, '      '),
    ...(hides.length === 0
      ? []
      : wrap(`hides ${counted(hides.length, 'check')}: ${inWords(hides, Infinity)}`, look.width, '      ')),
  ]),
]
