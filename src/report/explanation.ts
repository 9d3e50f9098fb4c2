import type { Catalogued } from '../checks/catalogue.ts'
import { hops, type Hop } from '../checks/hop.ts'
import { hiddenBy, hiddenText } from '../diagnosis/moot.ts'
import { checksOfCode } from './aws-codes.ts'
import { checkLines } from './check-list.ts'
import { hopWords } from './hop-words.ts'
import { schemaVersion } from './schema-version.ts'
import type { Look } from './paint.ts'
import { linksOf } from './source-links.ts'
import { wrap } from './wrap.ts'

/** A check's docs for the terminal. */
function checkExplanation({ id, title, docs, needs, alsoReads, blocks }: Catalogued, look: Look): string {
  const part = (name: string, text: string) => [
    look.paint.bold(name),
    ...text.split('\n').flatMap((line) => wrap(line, look.width, '  ')),
    '',
  ]
  const reads = [
    ...needs,
    ...(alsoReads ?? []).filter((kind) => !needs.includes(kind)).map((kind) => `${kind} (where it is there)`),
  ]
  return [
    look.paint.bold(id),
    ...wrap(`True when it passes: ${title}`, look.width, '  '),
    '',
    ...part('What a failure means', docs.means),
    ...part('How to see it by hand', docs.byHand),
    ...part('How to mend it', docs.mend),
    look.paint.bold('Stops the packet'),
    `  ${blocks ? 'yes' : 'no: it warns, or is listed as also wrong'}`,
    ...hiddenText(id).flatMap((line) => wrap(line, look.width, '  ')),
    '',
    look.paint.bold('Reads'),
    ...reads.map((kind) => `  ${kind}`),
    '',
    look.paint.bold('Sources'),
    ...docs.sources.flatMap((source) => [
      ...wrap(source, look.width, '    ', '  - '),
      ...linksOf(source).map(({ url }) => `    ${look.paint.dim(url)}`),
    ]),
    '',
  ].join('\n')
}

/** What `explain` was asked about: one check, a hop, or a code of AWS Reachability Analyzer, with the checks that it names. */
export type Explained =
  | { readonly kind: 'check'; readonly name: string; readonly checks: readonly [Catalogued] }
  | { readonly kind: 'hop'; readonly name: Hop; readonly checks: readonly Catalogued[] }
  | { readonly kind: 'aws-code'; readonly name: string; readonly checks: readonly Catalogued[] }

/** What a name means: the id of a check, a hop, or a code of AWS, in any case; null where it is none. */
export function explained(name: string, checks: readonly Catalogued[]): Explained | null {
  const check = checks.find(({ id }) => id === name)
  if (check !== undefined) return { kind: 'check', name, checks: [check] }
  const hop = hops.find((one) => one === name)
  if (hop !== undefined) return { kind: 'hop', name: hop, checks: checks.filter(({ id }) => id.startsWith(`${hop}/`)) }
  const code = name.toUpperCase()
  const ids = checksOfCode[code]
  return ids === undefined
    ? null
    : { kind: 'aws-code', name: code, checks: checks.filter(({ id }) => ids.includes(id)) }
}

/** The same for the terminal: one check in full, several as a list. */
export function explanation(asked: Explained, look: Look): string {
  if (asked.kind === 'check') return checkExplanation(asked.checks[0], look)
  const means =
    asked.kind === 'hop'
      ? hopWords[asked.name].means
      : 'What AWS Reachability Analyzer calls it. These checks find the same:'
  return [
    look.paint.bold(asked.name),
    ...wrap(means, look.width, '  '),
    ...hiddenText(asked.name).flatMap((line) => wrap(line, look.width, '  ')),
    '',
    ...checkLines(asked.checks, look.width, '  '),
    '',
    `  One of them in full: vipdoctor explain ${asked.checks[0]?.id ?? 'ID'}`,
    '',
  ].join('\n')
}

/** A check as data: what it says of itself, and with `docs` what `explain` prints. */
const checkJson = (
  { id, title, blocks, on, announcer, needs, alsoReads, consequenceOf, docs }: Catalogued,
  withDocs: boolean,
): object => ({
  id,
  hop: id.split('/')[0],
  title,
  blocks,
  on: on ?? null,
  announcer: announcer ?? null,
  needs,
  alsoReads: alsoReads ?? [],
  consequenceOf: consequenceOf ?? [],
  mootWhile: hiddenBy(id).map(({ whileFailing, why }) => ({ failing: whileFailing, why })),
  awsCodes: Object.keys(checksOfCode).filter((code) => checksOfCode[code]?.includes(id)),
  ...(withDocs ? { docs: { ...docs, links: docs.sources.flatMap(linksOf).map(({ url }) => url) } } : {}),
})

/** `checks --output json`. */
export const checkListJson = (checks: readonly Catalogued[]): string =>
  printed({ checks: checks.map((check) => checkJson(check, false)) })

/** `explain --output json`. */
export const explanationJson = ({ kind, name, checks }: Explained): string =>
  printed({
    asked: { kind, name, ...(kind === 'hop' ? { means: hopWords[name].means } : {}) },
    checks: checks.map((check) => checkJson(check, true)),
  })

const printed = (value: object): string => `${JSON.stringify({ schemaVersion, ...value }, null, 2)}\n`
