import { fixScript } from './fix-script.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { htmlFormat } from './html/page.ts'
import { jsonFormat } from './json.ts'
import { junit } from './junit.ts'
import { markdownFormat, stepSummary } from './markdown.ts'
import type { Look } from './paint.ts'
import { prometheus } from './prometheus.ts'
import type { Format } from './reporter.ts'
import { sarif } from './sarif.ts'
import { asJson, forReaders } from './shown.ts'
import { textFormat, type Detail } from './text/text.ts'

/** The formats as `--output` and `--output-file` name them. */
export const formatNames = [
  'text',
  'json',
  'junit',
  'sarif',
  'github',
  'github-summary',
  'gitlab',
  'markdown',
  'html',
  'prometheus',
  'fix-script',
] as const

/** One of them. */
export type FormatName = (typeof formatNames)[number]

/** Every format of a report; the text as it looks there where it goes. What a format made of a diagnosis is given back to it alone. */
export const formatsFor = (look: Look, detail: Detail): Readonly<Record<FormatName, Format>> =>
  ({
    text: forReaders(textFormat(look, detail)),
    json: asJson(jsonFormat),
    junit: forReaders(junit),
    sarif: asJson(sarif),
    github: forReaders(github),
    'github-summary': forReaders(stepSummary),
    gitlab: asJson(gitlab),
    markdown: forReaders(markdownFormat),
    html: forReaders(htmlFormat),
    prometheus: forReaders(prometheus),
    'fix-script': forReaders(fixScript),
  }) satisfies Readonly<Record<FormatName, unknown>> as unknown as Readonly<Record<FormatName, Format>>
