import { parseAnswer } from '../answer.ts'
import { gap, isGap, type Known } from '../gap.ts'

/** What `kubectl cluster-info dump` prints around the logs of a container. */
const logs = /^==== START logs for container [\s\S]*?^==== END logs for container .*$/gm

/** One answer behind another, as kubectl and aws print each: its outer braces alone stand at the beginning of a line. */
const answers = /^\{\n[\s\S]*?^\}$/gm

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
  const printed = text.replaceAll(logs, '')
  const pieces = printed.match(answers) ?? []
  if (pieces.length < 2) return isWorthTelling(file, text, whole.reason) ? whole : null
  const rest = printed.replaceAll(answers, '').trim()
  if (rest !== '')
    return gap(file, `cut off, or not JSON, beside ${String(pieces.length)} answers: ${rest.slice(0, 40)}`)
  const documents = pieces.map((piece) => parseAnswer(file, piece))
  return documents.find(isGap) ?? documents
}

/** Of what is called so, or begins so, it is told why it is none. */
const isWorthTelling = (file: string, text: string, reason: string): boolean =>
  reason.startsWith('this is ') || (/\.(?:json|ya?ml)$/.test(file) && beginning.test(text))
