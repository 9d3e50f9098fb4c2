import { counted, inWords } from '../net/words.ts'
import { byReason } from './by-reason.ts'
import { judgedAs } from './judged-as.ts'
import { workflowData, workflowProperty } from './escape.ts'
import type { Format, Setting } from './reporter.ts'
import { toldOnce, wrongIn, type ToldOnce, type Wrong } from './told-once.ts'

/** GitHub keeps ten annotations of a kind from a step, and silently drops the others ("Workflow commands", limits). */
const mostOfAKind = 10

type Kind = 'error' | 'warning' | 'notice'

/** Annotations of GitHub Actions, as workflow commands: causes are errors, what else is wrong or not known are warnings, the gate is a notice. */
export const github: Format<readonly Wrong[]> = {
  report: (setting) => ({
    diagnosis: wrongIn,
    whole: function* (answer, { gate }) {
      const { diagnoses, gaps, fabric } = answer
      const told = toldOnce(diagnoses.flat())
      const open = told.filter(({ finding }) => setting.acceptanceOf(finding) === null)
      const accepted = told.filter((one) => !open.includes(one))
      yield* annotations('error', open.filter(({ weight }) => weight === 'cause').map(findingText))
      yield* annotations('warning', [
        ...open.filter(({ weight }) => weight !== 'cause').map(findingText),
        ...(fabric.warning === null ? [] : [{ title: 'fabric', text: fabric.warning }]),
        ...gate.warnings.map((text): Text => ({ title: 'acceptance', text })),
        ...byReason(gaps).map(({ reason, sources, hides }): Text => ({
          title: sources.length === 1 ? 'not read' : `${String(sources.length)} files not read`,
          text: `${reason}: ${inWords(sources)}. Hides ${counted(hides.length, 'check')}.`,
        })),
      ])
      yield* annotations('notice', [
        { title: 'vipdoctor', text: `Exit code ${gate.exitCode}: ${gate.because}. ${judgedAs(answer)}` },
        ...accepted.map((one) => acceptedText(one, setting)),
      ])
    },
  }),
  failed: ({ message, suggestion }) =>
    command('error', { title: 'vipdoctor', text: suggestion === null ? message : `${message}\n${suggestion}` }),
}

interface Text {
  readonly title: string
  readonly text: string
}

function findingText({ finding, vips }: ToldOnce): Text {
  const fix = finding.fix === null ? [] : [`Fix (${finding.fix.summary}):`, ...finding.fix.commands]
  return { title: `${finding.id}: ${vipsText(vips)}`, text: [finding.says, ...fix].join('\n') }
}

const acceptedText = ({ finding, vips }: ToldOnce, { acceptanceOf }: Setting): Text => ({
  title: `accepted: ${finding.id}: ${vipsText(vips)}`,
  text: `${finding.says} Accepted: ${acceptanceOf(finding)?.reason ?? ''}`,
})

const vipsText = (vips: readonly string[]): string =>
  vips.length === 1 ? (vips[0] ?? '') : `${vips[0] ?? ''} and ${vips.length - 1} more`

/** The first ones; where there are more than GitHub keeps, the last one says which are missing. */
function annotations(kind: Kind, texts: readonly Text[]): string[] {
  if (texts.length <= mostOfAKind) return texts.map((text) => command(kind, text))
  const left = texts.slice(mostOfAKind - 1)
  const rest = { title: `${left.length} more`, text: left.map(({ title }) => title).join('\n') }
  return [...texts.slice(0, mostOfAKind - 1), rest].map((text) => command(kind, text))
}

const command = (kind: Kind, { title, text }: Text): string =>
  `::${kind} title=${workflowProperty(title)}::${workflowData(text)}\n`
