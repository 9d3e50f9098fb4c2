import type { Finding } from '../../checks/finding.ts'
import type { Answer, Diagnosis } from '../../diagnosis/diagnosis.ts'
import { ownerOf, placeOf, targetText } from '../../diagnosis/title.ts'
import { verdictText, type Look } from '../paint.ts'
import { probesText } from '../probes.ts'
import { checkAgain, type Reading } from '../reading.ts'
import type { End, Format, Reporter } from '../reporter.ts'
import { wrap } from '../wrap.ts'
import { besideLines, firstCause, followingLines, furtherCauses, proofLines } from './causes.ts'
import { gapLines, unlistedLines } from './gaps.ts'
import { header, lostPart } from './header.ts'
import { groupedCauses, tableLines, type Row } from './many.ts'
import { beside, nextSteps } from './next-steps.ts'
import { pathLines } from './path.ts'
import { remedyLines } from './remedy.ts'
import { summaryLines, type Counted } from './summary.ts'
import { wireLines } from './wire.ts'

/** How much is told. `all`: a line for each VIP, also for those that are well; `verbose`: everything of each VIP; `short`: only what is not well. */
export interface Detail {
  readonly all: boolean
  readonly verbose: boolean
  readonly short: boolean
}

/** What is told where no flag asks for more or less. */
export const ordinary: Detail = { all: false, verbose: false, short: false }

/** What is kept of a VIP until all are judged: a row of the table, and its whole report where that is shown. */
interface Kept extends Row, Counted {
  readonly whole: string | null
  readonly target: string
}

/**
 * The answer for people: a VIP in full where it is the only one, a table with each cause once where there are several.
 * Verdict, reason and fix come first, the path and the proof behind them, and last what would tell more.
 */
export function textReporter(look: Look, detail: Detail, reading: Reading): Reporter<Kept> {
  // Of many VIPs only the first is told in full, if at all: which one that is, is known when the second comes.
  let seen = 0
  const inFull = () => seen === 0 || detail.verbose
  return {
    part: (diagnosis) => (inFull() ? diagnosis : ofRow(diagnosis)),
    diagnosis: (diagnosis) => {
      const whole = inFull() ? oneVip(diagnosis, look, detail, reading) : null
      seen += 1
      return { ...keep(diagnosis), whole }
    },
    whole: function* (answer, end) {
      const blocks =
        answer.diagnoses.length === 1 || detail.verbose ? wholes(answer) : tableOf(answer.diagnoses, look, detail)
      for (const block of blocks) yield `${block}\n\n`
      const unlisted = unlistedLines(answer, reading, look)
      if (unlisted.length > 0) yield `${unlisted.join('\n')}\n\n`
      if (detail.verbose && answer.gaps.length > 0) yield `${gapLines(answer.gaps, look).join('\n')}\n\n`
      yield* ending(answer, end, look, detail, reading)
    },
  }
}

/** What a row tells of a VIP: the first cause and the names of the others, the first hop that is not known, how many warnings. */
const ofRow = (diagnosis: Diagnosis): Diagnosis => ({
  ...diagnosis,
  nodesRead: [],
  receiving: { ...diagnosis.receiving, nodes: [] },
  possibleCauses: [],
  alsoWrong: [],
  path: diagnosis.path.filter(({ status }) => status === 'unknown').slice(0, 1),
  findings: diagnosis.findings.filter(({ status }) => status === 'warn'),
})

const keep = (diagnosis: Diagnosis): Omit<Kept, 'whole'> => {
  const { question, verdict, causes, path, findings } = diagnosis
  return {
    place: placeOf(question),
    target: targetText(question),
    owner: ownerOf(question),
    verdict,
    cause: causes[0] ?? null,
    causes: causes.map(({ id }) => id),
    open: path.find(({ status }) => status === 'unknown')?.brief ?? null,
    warnings: findings.filter(({ status }) => status === 'warn').length,
  }
}

function* wholes({ diagnoses }: Answer<Kept>): Iterable<string> {
  for (const { whole } of diagnoses) if (whole !== null && whole !== '') yield whole
}

function* tableOf(rows: readonly Kept[], look: Look, { all, verbose, short }: Detail): Iterable<string> {
  const table = tableLines(rows, look, all)
  if (table.length > 0) yield table.join('\n')
  if (!short) for (const cause of groupedCauses(rows, look, verbose)) yield cause.join('\n')
}

/** One VIP in full. */
function oneVip(diagnosis: Diagnosis, look: Look, { verbose, short }: Detail, reading: Reading): string {
  const { causes, possibleCauses, alsoWrong, findings, path, verdict } = diagnosis
  const [first, ...further] = causes
  const open = verdict === 'inconclusive' ? nextSteps(diagnosis, reading, look) : []
  // What the first lines tell is not told again, but for what mends it.
  const lost = lostPart(diagnosis)
  const possible = possibleCauses.filter((finding) => finding !== lost)
  const warnings = findings.filter((finding) => finding.status === 'warn' && !possibleCauses.includes(finding))
  const sections = [
    header(diagnosis, look),
    first === undefined ? [] : firstCause(first, look, verbose),
    lost === undefined ? [] : remedyLines(lost, look, '  ', verbose),
    furtherCauses(further, look, verbose),
    besideLines(causes.length === 0 ? 'Possible causes' : 'Possible causes besides', possible, look, verbose),
    open,
    short ? [] : pathLines(path, look, verbose),
    short ? [] : wireLines(findings, look),
    nodePortLines(diagnosis, look),
    short ? [] : proofLines(lost === undefined ? causes : [{ ...lost, consequences: [] }], look, verbose),
    followingLines(causes, look, verbose),
    besideLines('Broken besides', alsoWrong, look, verbose),
    short && causes.length > 0 ? [] : besideLines('Warnings', warnings, look, verbose),
    verbose ? unknownLines(findings, look) : [],
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

const unknownLines = (findings: readonly Finding[], look: Look): string[] => {
  const unknown = findings.filter(({ status }) => status === 'unknown')
  return unknown.length === 0
    ? []
    : [
        look.paint.bold('  Not known:'),
        ...unknown.flatMap(({ id, says }) => wrap(`${id}: ${says}`, look.width, '    ', '  - ')),
      ]
}

/** One line a node: the verdict there, and of one that is not reachable the first hop that says why. */
function nodePortLines({ nodePorts }: Diagnosis, look: Look): string[] {
  if (nodePorts === null) return []
  if (nodePorts.length === 0) return ['  The Service has no NodePort, or nothing was read from any node.']
  const width = Math.max(...nodePorts.map(({ node }) => node.length))
  return [
    look.paint.bold('  NodePorts (they do not change the verdict):'),
    ...nodePorts.map(({ node, port, verdict, path }) => {
      const bad = path.find(({ status }) => status === 'fail' || status === 'unknown')
      const why = bad === undefined ? '' : `${bad.hop}: ${bad.brief}`
      return `    ${node.padEnd(width)} ${String(port.port)} ${verdictText(verdict, look, verdict.padEnd(12))} ${why}`.trimEnd()
    }),
  ]
}

function* ending(
  answer: Answer<Kept>,
  { probes, gate }: End,
  look: Look,
  { verbose }: Detail,
  reading: Reading,
): Iterable<string> {
  if (probes !== null) yield `${probesText(probes).trim()}\n\n`
  const bad = answer.diagnoses.find(({ verdict }) => verdict !== 'reachable')
  const more = answer.diagnoses.length > 1 && bad !== undefined && !verbose ? inFull(bad, look, reading) : []
  yield `${summaryLines(answer, gate, look, { verbose, more }).join('\n')}\n`
}

function inFull({ target }: Kept, look: Look, reading: Reading): readonly string[] {
  const command = checkAgain([target], reading)
  return 'line' in command ? beside('One VIP in full:', command.line, look, '') : []
}

/** The text, and where nothing could be judged the reason in its place. */
export const textFormat = (look: Look, detail: Detail): Format<Kept> => ({
  report: ({ reading }) => textReporter(look, detail, reading),
  failed: ({ message, suggestion }) => `vipdoctor: ${message}\n${suggestion === null ? '' : `${suggestion}\n`}`,
})
