import { parseAnswer } from '../answer.ts'
import { gap, isGap, type Known } from '../gap.ts'

/** The beginning of what could be an answer of kubectl or of aws: JSON, or YAML whose top is a map or a list. */
const beginning = /^\s*(?:[[{]|(?:(?:---|#).*\n\s*)*(?:[A-Za-z]\w*:(?:\s|$)|- ))/

/** The beginning of a text that is a list itself; one that is parsed as a list otherwise has several documents. */
const isOneList = /^\s*(?:(?:---|#).*\n\s*)*(?:\[|- )/

/**
 * The JSON or YAML documents of a file, in their order: one, or several of which each was appended to the others (`>>`, `---`, a dump to the
 * standard output). A gap where it is none, or cut off; null for what does not even begin like one.
 */
export function documentsIn(file: string, text: string): Known<readonly unknown[]> | null {
  const whole = parseAnswer(file, text)
  if (!isGap(whole)) return Array.isArray(whole) && !isOneList.test(text) ? (whole as unknown[]) : [whole]
  const { pieces, rest } = printedIn(withoutLogs(text.split('\n')))
  if (pieces.length < 2) return isWorthTelling(file, text, whole.reason) ? whole : null
  if (rest !== '')
    return gap(file, `cut off, or not JSON, beside ${String(pieces.length)} answers: ${rest.slice(0, 40)}`)
  const documents = pieces.map((piece) => parseAnswer(file, piece))
  return documents.find(isGap) ?? documents
}

/** Of what is called so, or begins so, it is told why it is none. */
const isWorthTelling = (file: string, text: string, reason: string): boolean =>
  reason.startsWith('this is ') || (/\.(?:json|ya?ml)$/.test(file) && beginning.test(text))

/** Lines without what `kubectl cluster-info dump` prints of a container; what begins so and has no end stays. */
function withoutLogs(lines: readonly string[]): readonly string[] {
  const isEnd = (line: string): boolean => line.startsWith('==== END logs for container ')
  const last = lines.findLastIndex(isEnd)
  let inLogs = false
  return lines.filter((line, index) => {
    if (!inLogs) inLogs = index < last && line.startsWith('==== START logs for container ')
    else if (isEnd(line)) {
      inLogs = false
      return false
    }
    return !inLogs
  })
}

/**
 * One answer behind another, as kubectl and aws print each: its outer braces alone stand at the beginning of a line. `rest` is what stands
 * beside them. Line by line: a pattern would look for the end of each answer anew.
 */
function printedIn(lines: readonly string[]): { readonly pieces: readonly string[]; readonly rest: string } {
  const pieces: string[] = []
  const rest: string[] = []
  let begun: number | null = null
  for (const [index, line] of lines.entries()) {
    if (begun === null && line === '{') begun = index
    else if (begun === null) rest.push(line)
    else if (line === '}') {
      pieces.push(lines.slice(begun, index + 1).join('\n'))
      begun = null
    }
  }
  return { pieces, rest: [...rest, ...(begun === null ? [] : lines.slice(begun))].join('\n').trim() }
}
