import type { Check } from '../checks/check.ts'
import { hops, type Hop } from '../checks/hop.ts'
import { hiddenText } from '../diagnosis/moot.ts'
import { linkedMarkdown } from './source-links.ts'

/** The pages of docs/findings, by file name: one a hop, made from the checks' own docs. */
export function findingsPages(checks: readonly Check[]): ReadonlyMap<string, string> {
  const used = hops.filter((hop) => checks.some(({ id }) => id.startsWith(`${hop}/`)))
  const index = [
    '# Findings',
    '',
    'Made by `npm run docs` from the checks themselves; `vipdoctor explain ID` prints the same.',
    '',
  ]
  const pages = used.map((hop): [string, string] => [`${hop}.md`, page(hop, checks)])
  const rows = used.flatMap((hop) => [
    `## [${hop}](${hop}.md)`,
    '',
    ...ofHop(hop, checks).map(({ id, title }) => `- [${id}](${hop}.md#${anchor(id)}): ${title}.`),
    '',
  ])
  return new Map([['README.md', [...index, ...rows].join('\n')], ...pages])
}

const ofHop = (hop: Hop, checks: readonly Check[]): readonly Check[] =>
  checks.filter(({ id }) => id.startsWith(`${hop}/`))

/** GitHub's anchor of a heading: lower case, without the slash. */
const anchor = (id: string): string => id.replaceAll('/', '')

function page(hop: Hop, checks: readonly Check[]): string {
  const parts = ofHop(hop, checks).flatMap(({ id, title, docs, needs, blocks }) => [
    `## ${id}`,
    '',
    `True when it passes: ${title}.`,
    '',
    docs.means,
    '',
    `**By hand.** ${docs.byHand}`,
    '',
    `**Mend it.** ${docs.mend}`,
    '',
    `Stops the packet: ${blocks ? 'yes' : 'no'}. Needs: ${needs.length === 0 ? 'nothing' : needs.map((kind) => `\`${kind}\``).join(', ')}.`,
    '',
    ...hiddenText(id).flatMap((line) => [line, '']),
    'Sources:',
    '',
    ...docs.sources.map((source) => `- ${linkedMarkdown(source)}`),
    '',
  ])
  return [`# Findings of hop ${hop}`, '', ...hiddenText(hop).flatMap((line) => [line, '']), ...parts].join('\n')
}
