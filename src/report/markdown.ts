import { placeText } from '../evidence/cite.ts'
import type { Answer, Cause, Diagnosis, HidingGap, PathStep, Verdict } from '../diagnosis/diagnosis.ts'
import type { Status } from '../checks/finding.ts'
import { clientText } from '../evidence/question.ts'
import { counted } from '../net/words.ts'
import { byReason } from './by-reason.ts'
import { judgedAs } from './judged-as.ts'
import { proofValue } from './details.ts'
import { markdown, markdownBlock, markdownCode } from './escape.ts'
import type { Gate } from '../diagnosis/gate.ts'
import type { End, Failure, Format, Setting } from './reporter.ts'
import { ownerOf, placeOf } from '../diagnosis/title.ts'

/** What Markdown keeps of a diagnosis: a row of the table, and what is told behind it where something is wrong. */
interface Section {
  readonly row: string
  readonly body: string
  readonly verdict: Verdict
}

/** The whole answer in GitHub's Markdown: for a comment, an issue, a wiki. */
export const markdownFormat: Format<Section> = {
  report: (setting) => ({ diagnosis: (diagnosis) => sectionOf(diagnosis, setting), whole: pieces }),
  failed: failedText,
}

/** GitHub takes a step's summary of at most 1 MiB ("Workflow commands", step isolation and limits). */
const summaryBytes = 1 << 20
/** So many rows, worst first: more would leave no room for what they are about. */
const summaryRows = 500

/** As {@link markdownFormat}, cut where GitHub would refuse the step's summary; what was cut is said. */
export const stepSummary: Format<Section> = {
  report: (setting) => ({
    ...markdownFormat.report(setting),
    whole: function* (answer, end) {
      // The sentences about what was cut need a little, too.
      let room = summaryBytes - 300
      let cut = 0
      for (const piece of pieces(answer, end, summaryRows)) {
        const bytes = Buffer.byteLength(piece)
        if (cut === 0 && bytes <= room) {
          room -= bytes
          yield piece
        } else cut += 1
      }
      if (cut > 0) yield `\n**Cut here:** ${cut} more parts of this report do not fit into a step’s summary (1 MiB).\n`
    },
  }),
  failed: failedText,
}

function failedText({ message, suggestion }: Failure): string {
  return `## ✖ vipdoctor could not judge\n\n${markdown(message)}\n${suggestion === null ? '' : `\n${markdown(suggestion)}\n`}`
}

/** In the order of their worth, each a whole: a reader may stop behind any of them. */
function* pieces(answer: Answer<Section>, { gate, probes }: End, mostRows = Infinity): Generator<string> {
  const { diagnoses, gaps, fabric } = answer
  yield headingText(answer, gate)
  if (diagnoses.length > 0)
    yield tableText(
      diagnoses.map(({ row }) => row),
      mostRows,
    )
  for (const { body } of diagnoses) if (body !== '') yield body
  if (gate.accepted.length > 0) yield acceptedText(gate)
  if (gate.warnings.length > 0) yield `\n${gate.warnings.map((text) => `> ⚠ ${markdown(text)}`).join('\n>\n')}\n`
  if (gaps.length > 0) yield gapsText(gaps)
  if (probes !== null && probes.length > 0)
    yield `\n**Probes**, which never change the verdict:\n\n${probes.map(({ says }) => `- ${markdown(says)}\n`).join('')}`
  if (fabric.warning !== null) yield `\n> ⚠ ${markdown(fabric.warning)}\n`
  yield `\n${markdown(judgedAs(answer))}\n`
}

function tableText(rows: readonly string[], most: number): string {
  const left = rows.length - most
  const head = '\n|  | VIP | of | verdict | dies at |\n| --- | --- | --- | --- | --- |\n'
  return `${head}${rows.slice(0, most).join('')}${left > 0 ? `\n${left} more VIPs, none of them worse, are left out here.\n` : ''}`
}

const signs: Readonly<Record<Verdict, string>> = { unreachable: '❌', inconclusive: '❔', reachable: '✅' }
const statusSigns: Readonly<Record<Status, string>> = {
  pass: '✅',
  warn: '⚠️',
  fail: '❌',
  unknown: '❔',
  skipped: '➖',
}

function headingText({ verdict, diagnoses, counts }: Answer<Section>, gate: Gate): string {
  const total = diagnoses.length
  const told =
    total === 0
      ? 'which VIPs there are is not known'
      : total === 1
        ? `the VIP is ${verdict === 'inconclusive' ? 'not known to be reachable' : verdict}`
        : (['unreachable', 'inconclusive', 'reachable'] as const)
            .flatMap((one) => (counts[one] === 0 ? [] : [`${counts[one]} ${one}`]))
            .join(', ')
  return `## ${signs[verdict]} vipdoctor: ${told}\n\nExit code ${gate.exitCode}: ${markdown(gate.because)}.\n`
}

function sectionOf(diagnosis: Diagnosis, setting: Setting): Section {
  const { question, verdict, causes, path } = diagnosis
  const dies = causes[0]?.id ?? path.find(({ status }) => status === 'unknown')?.hop ?? ''
  const row = `| ${signs[verdict]} | ${markdownCode(placeOf(question))} | ${markdownCode(ownerOf(question))} | ${verdict} | ${dies === '' ? '' : markdownCode(dies)} |\n`
  return { row, verdict, body: verdict === 'reachable' ? '' : bodyOf(diagnosis, setting) }
}

function bodyOf(diagnosis: Diagnosis, setting: Setting): string {
  const { question, causes, possibleCauses, alsoWrong, path, findings } = diagnosis
  const warnings = findings.filter((finding) => finding.status === 'warn' && !possibleCauses.includes(finding))
  return [
    `\n### ${markdownCode(placeOf(question))} of ${markdownCode(ownerOf(question))}, from ${markdownCode(clientText(question.client))}\n`,
    ...causes.map((cause, index) => causeText(cause, causes.length > 1 ? `Cause ${index + 1}` : 'Cause', setting)),
    `\n|  | hop | what happens there |\n| --- | --- | --- |\n${path.map(pathRow).join('')}`,
    listed('Possible causes', possibleCauses),
    listed('Also wrong, but not on this packet’s way', alsoWrong),
    listed('Warnings', warnings),
  ].join('')
}

const pathRow = ({ hop, status, says }: PathStep): string => `| ${statusSigns[status]} | ${hop} | ${markdown(says)} |\n`

function causeText(cause: Cause, title: string, { acceptanceOf }: Setting): string {
  const { id, awsCode, says, fix, look, advice, proof, consequences } = cause
  const accepted = acceptanceOf(cause)
  return [
    `\n**${title}: ${markdownCode(id)}**${awsCode === undefined ? '' : ` (${markdown(awsCode)})`}${accepted === null ? '' : `, accepted: ${markdown(accepted.reason)}`}\n`,
    `\n${markdown(says)}\n`,
    fix === null
      ? ''
      : `\nFix: ${markdown(fix.summary)}\n\n${markdownBlock(fix.commands.join('\n'), 'sh')}\n\n${markdown(fix.changes)}\n`,
    advice === undefined ? '' : `\n${markdown(advice)}\n`,
    fix !== null || look.length === 0 ? '' : `\nTo look at it:\n\n${markdownBlock(look.join('\n'), 'sh')}\n`,
    proof.length === 0
      ? ''
      : `\n<details><summary>Proof</summary>\n\n${proof.map((one) => `- ${markdownCode(placeText(one))}: ${markdownCode(proofValue(one))}\n`).join('')}\n</details>\n`,
    listed('Follows from it', consequences),
  ].join('')
}

const listed = (title: string, findings: readonly { readonly id: string; readonly says: string }[]): string =>
  findings.length === 0
    ? ''
    : `\n${title}:\n\n${findings.map(({ id, says }) => `- ${markdownCode(id)}: ${markdown(says)}\n`).join('')}`

const acceptedText = ({ accepted }: Gate): string =>
  `\nAccepted, and not counted by the exit code:\n\n${accepted
    .map(
      ({ id, subject, reason, until, vips }) =>
        `- ${markdownCode(id)} for ${markdownCode(subject)} (${vips.length} VIPs)${until === null ? '' : ` until ${markdown(until)}`}: ${markdown(reason)}\n`,
    )
    .join('')}`

function gapsText(gaps: readonly HidingGap[]): string {
  const lines = byReason(gaps).map(
    ({ reason, sources, hides }) =>
      `- ${markdown(reason)}: ${sources.map(markdownCode).join(', ')} (hides ${counted(hides.length, 'check')})\n`,
  )
  return `\n<details><summary>Could not be read: ${gaps.length}</summary>\n\n${lines.join('')}\n</details>\n`
}
