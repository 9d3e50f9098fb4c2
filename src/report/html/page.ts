import { createHash } from 'node:crypto'
import { ownerOf, placeOf } from '../../diagnosis/title.ts'
import type { Answer, Diagnosis, HidingGap, Verdict } from '../../diagnosis/diagnosis.ts'
import type { Gate } from '../../diagnosis/gate.ts'
import { known } from '../../evidence/gap.ts'
import { counted } from '../../net/words.ts'
import { byReason } from '../by-reason.ts'
import { judgedAs } from '../judged-as.ts'
import type { End, Failure, Format, Setting } from '../reporter.ts'
import type { Tool } from '../tool.ts'
import { h, nothing, own, type Markup } from './markup.ts'
import { script } from './script.ts'
import { style } from './style.ts'
import { tableRow, tableMarkup, type Row } from './table.ts'
import { vipMarkup } from './vip.ts'

/** What a page keeps of a diagnosis. `full` is null where so many of the verdict are told in full already that a page would get too heavy. */
interface Part {
  readonly row: Row
  readonly full: string | null
}

/** So many VIPs of each verdict are told in full; those beyond stand in the table. */
const mostInFull: Readonly<Record<Verdict, number>> = { unreachable: 100, inconclusive: 50, reachable: 50 }

/** One page that needs nothing else: no network, no other file, no script to be read. */
export const htmlFormat: Format<Part> = {
  report: (setting) => {
    const told: Record<Verdict, number> = { unreachable: 0, inconclusive: 0, reachable: 0 }
    return {
      inOrder: true,
      diagnosis: (diagnosis) => {
        told[diagnosis.verdict] += 1
        return partOf(diagnosis, setting, told[diagnosis.verdict])
      },
      whole: (answer, end) => pageOf(answer, end, setting),
    }
  },
  failed: (failure, tool) => [...frame('vipdoctor could not judge', [failureMarkup(failure)], tool)].join(''),
}

function partOf(diagnosis: Diagnosis, setting: Setting, nth: number): Part {
  const { verdict, question, causes, path } = diagnosis
  const full = nth <= mostInFull[verdict]
  const key = `${verdict}-${nth}`
  const row = {
    verdict,
    place: placeOf(question),
    owner: ownerOf(question),
    why:
      causes[0]?.id ?? (verdict === 'inconclusive' ? (path.find(({ status }) => status === 'unknown')?.hop ?? '') : ''),
    href: full ? key : null,
  }
  return { row, full: full ? vipMarkup(diagnosis, setting, key).toString() : null }
}

function* pageOf(answer: Answer<Part>, { gate, probes }: End, setting: Setting): Generator<string> {
  const { diagnoses, gaps } = answer
  const rows = diagnoses.map(({ row }) => row)
  yield* frame(
    titleOf(answer),
    [
      headMarkup(answer, gate, setting),
      rows.length === 1 ? nothing : tableMarkup(rows.map(tableRow), rows.length),
      ...diagnoses.flatMap(({ full }) => (full === null ? [] : [own(full)])),
      leftMarkup(diagnoses.filter(({ full }) => full === null).length),
      gateMarkup(gate),
      gapsMarkup(gaps),
      probes === null || probes.length === 0
        ? nothing
        : h`<section><h2>Probes</h2><p class="quiet">They never change the verdict.</p><ul>${probes.map(({ says }) => h`<li>${says}</li>`)}</ul></section>`,
    ],
    setting.tool,
  )
}

function titleOf({ diagnoses, counts }: Answer<Part>): string {
  const [only] = diagnoses
  if (only === undefined) return 'It is not known which VIPs there are'
  if (diagnoses.length === 1) {
    const { place } = only.row
    return {
      reachable: `${place} can be reached`,
      unreachable: `Nobody can reach ${place}`,
      inconclusive: `It is not known whether ${place} can be reached`,
    }[only.row.verdict]
  }
  const total = counted(diagnoses.length, 'VIP')
  if (counts.unreachable === diagnoses.length) return `None of ${total} can be reached`
  if (counts.unreachable > 0) return `${counts.unreachable} of ${total} cannot be reached`
  return counts.inconclusive > 0
    ? `Of ${counts.inconclusive} of ${total} it is not known whether they can be reached`
    : `All ${total} can be reached`
}

function headMarkup(answer: Answer<Part>, { exitCode, because }: Gate, { evidence }: Setting): Markup {
  const time = known(evidence.time)
  const { verdict } = answer
  const facts: readonly (readonly [string, string])[] = [
    ['Evidence of', time?.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC') ?? 'not known'],
    ['Judged as', judgedAs(answer).replace(/^Judged as /, '')],
    ...(answer.fabric.warning === null ? [] : ([['But', answer.fabric.warning]] as const)),
    ['Exit code', `${exitCode}: ${because}`],
  ]
  return h`<header class="${verdict}"><p class="brand">vipdoctor</p><h1>${titleOf(answer)}</h1><dl>${facts.map(([name, value]) => h`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></header>`
}

const leftMarkup = (count: number): Markup =>
  count === 0
    ? nothing
    : h`<p class="left">${counted(count, 'more VIP')} stand in the table only. One of them in full: <code>vipdoctor check ADDRESS:PORT --bundle …</code></p>`

function gateMarkup({ accepted, warnings }: Gate): Markup {
  if (accepted.length === 0 && warnings.length === 0) return nothing
  return h`<section><h2>Accepted</h2><ul>${accepted.map(({ id, subject, reason, until, vips }) => h`<li><code>${id}</code> for <code>${subject}</code>${until === null ? '' : ` until ${until}`}: ${reason} (${counted(vips.length, 'VIP')})</li>`)}${warnings.map((text) => h`<li class="warning">${text}</li>`)}</ul></section>`
}

function gapsMarkup(gaps: readonly HidingGap[]): Markup {
  if (gaps.length === 0) return nothing
  const items = byReason(gaps).map(
    ({ reason, sources, hides }) =>
      h`<li>${reason}: ${sources.map((source, index) => h`${index === 0 ? '' : ', '}<code>${source}</code>`)}${hides.length === 0 ? nothing : h` <details class="more"><summary>hides ${counted(hides.length, 'check')}</summary><p>${hides.join(', ')}</p></details>`}</li>`,
  )
  return h`<section class="gaps"><h2>What could not be read</h2><ul>${items}</ul></section>`
}

const failureMarkup = ({ message, suggestion, exitCode }: Failure): Markup =>
  h`<header class="inconclusive"><p class="brand">vipdoctor</p><h1>vipdoctor could not judge</h1><p class="says">${message}</p>${suggestion === null ? nothing : h`<p>${suggestion}</p>`}<dl><div><dt>Exit code</dt><dd>${exitCode}</dd></div></dl></header>`

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing runs in the page and nothing is fetched but what stands in it: also where an escape were forgotten. */
const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`

function* frame(title: string, parts: readonly Markup[], { name, version }: Tool): Generator<string> {
  yield h`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${own(policy)}"><meta name="generator" content="${name} ${version}"><meta name="color-scheme" content="light dark"><title>${title}</title><style>${own(style)}</style></head><body><main>
`.toString()
  for (const part of parts) yield `${part.toString()}\n`
  yield h`</main><footer><p>${name} ${version}. It only reads: what stands under “What mends it” was printed, never run.</p></footer><script>${own(script)}</script></body></html>
`.toString()
}
