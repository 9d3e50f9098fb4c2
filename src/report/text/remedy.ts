import type { Finding } from '../../checks/finding.ts'
import type { Look } from '../paint.ts'
import { wrap } from '../wrap.ts'

/** At most so many lines of prose stand behind commands; the rest is `vipdoctor explain`'s. */
const proseLines = 2

type Remedied = Pick<Finding, 'id' | 'look' | 'fix' | 'advice' | 'refused'>

/** What to type against a finding: the commands that mend it, else those that show where; commands are never broken. */
export function remedyLines(finding: Remedied, look: Look, indent: string, verbose: boolean): string[] {
  const { id, fix, advice, refused = [] } = finding
  const within = `${indent}  `
  const commands = (lines: readonly string[]) => lines.map((line) => `${within}${look.paint.cyan(line)}`)
  const mends = fix === null ? [] : [`${indent}${look.paint.bold('Fix:')} ${fix.summary}`, ...commands(fix.commands)]
  const looks =
    finding.look.length === 0 || (fix !== null && !verbose)
      ? []
      : [`${indent}${look.paint.bold('Look:')}`, ...commands(finding.look)]
  const prose = [...(fix === null ? [] : [fix.changes]), ...(advice === undefined ? [] : [advice])].filter(
    (text) => text !== '',
  )
  return [
    ...mends,
    ...looks,
    ...proseOf(prose.join(' '), id, look, within, verbose),
    ...refused.flatMap((why) => wrap(`A command is not printed: ${why}.`, look.width, within)),
  ]
}

/** The whole sentences that fit; what is left is named. */
function proseOf(text: string, id: string, look: Look, indent: string, verbose: boolean): string[] {
  if (text === '') return []
  const whole = wrap(text, look.width, indent)
  if (verbose || whole.length <= proseLines) return whole
  const more = `What else: vipdoctor explain ${id}`
  const sentences = text.split(/(?<=[.!?]) (?=[A-Z(])/)
  for (let count = sentences.length - 1; count > 0; count -= 1) {
    const lines = wrap(sentences.slice(0, count).join(' '), look.width, indent)
    if (lines.length < proseLines) return [...lines, `${indent}${more}`]
  }
  return [`${indent}${more}`]
}
