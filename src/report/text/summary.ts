import { verdicts, type Answer, type Verdict } from '../../diagnosis/diagnosis.ts'
import type { Gate } from '../../diagnosis/gate.ts'
import { judgedAs } from '../judged-as.ts'
import { verdictWord, type Look } from '../paint.ts'
import { wrap } from '../wrap.ts'

/** What the last lines need of each VIP. */
export interface Counted {
  readonly verdict: Verdict
  readonly causes: readonly string[]
}

/** The last lines, always: how many VIPs are how (and `more` of them), what was judged, and why the exit code is what it is. */
export function summaryLines(
  answer: Answer<Counted>,
  gate: Gate,
  look: Look,
  { verbose, more }: { readonly verbose: boolean; readonly more: readonly string[] },
): string[] {
  return [
    ...wrap(look.paint.bold(countText(answer)), look.width, ''),
    ...(verbose ? [] : unjudged(answer).flatMap((line) => wrap(line, look.width, ''))),
    ...acceptedLines(gate, look),
    ...(answer.fabric.warning === null ? [] : wrap(answer.fabric.warning, look.width, '')),
    ...more,
    ...wrap(judgedAs(answer), look.width, ''),
    ...wrap(exitText(gate), look.width, ''),
  ]
}

function countText({ diagnoses, counts }: Answer<Counted>): string {
  // No VIP, and yet no usage error: a listing that could name one was not read.
  if (diagnoses.length === 0) return 'Which VIPs there are is not known.'
  const ids = [...new Set(diagnoses.flatMap(({ causes }) => causes.slice(0, 1)))]
  const named = ids.length === 1 ? ` (${ids[0] ?? ''})` : ''
  const parts = verdicts.flatMap((one) =>
    counts[one] > 0 ? [`${String(counts[one])} ${verdictWord[one]}${one === 'unreachable' ? named : ''}`] : [],
  )
  return `${String(diagnoses.length)} VIP${diagnoses.length === 1 ? '' : 's'}: ${parts.join(', ')}`
}

function unjudged({ gaps }: Answer<Counted>): string[] {
  const hidden = new Set(gaps.flatMap(({ hides }) => hides)).size
  return hidden === 0
    ? []
    : [`${String(hidden)} ${hidden === 1 ? 'check' : 'checks'} had not all of their evidence (--verbose lists them)`]
}

function acceptedLines({ accepted, warnings }: Gate, look: Look): string[] {
  const items = accepted.flatMap(({ id, subject, reason, until }) =>
    wrap(`${id} for ${subject}${until === null ? '' : ` until ${until}`}: ${reason}`, look.width, '    ', '  - '),
  )
  return [
    ...(items.length === 0 ? [] : [look.paint.bold('Accepted, and not counted by the exit code:'), ...items]),
    ...warnings.flatMap((text) => wrap(text, look.width, '')),
  ]
}

/** What the verdict explains by itself needs few words. */
const plainReasons: Readonly<Partial<Record<Gate['reason'], string>>> = {
  reachable: 'every VIP is reachable',
  unreachable: 'a VIP is unreachable',
  unknown: 'whether every VIP is reachable is not known',
}

const exitText = ({ exitCode, reason, because }: Gate): string =>
  `Exit code ${String(exitCode)}: ${plainReasons[reason] ?? because}.`
