import { invisible, visible } from '../net/visible.ts'

/**
 * Names and texts come from evidence that anybody may have written. Each format has its own way to make them harmless, and each renderer
 * uses it for everything that is not its own constant.
 */

/** Characters that XML 1.0 §2.2 does not have (controls, lone surrogates, U+FFFE, U+FFFF) become U+FFFD. */
const noXmlCharacter = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

const unseen = new RegExp(`(?![\\t\\n])${invisible.source}`, 'gu')

/** Text or an attribute's value in XML. Line ends and tabs of an attribute stay what they are by reference (XML 1.0 §3.3.3). */
export const xml = (text: string): string =>
  text
    .replace(noXmlCharacter, '\u{FFFD}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;')

/**
 * Text or a quoted attribute's value in HTML; what is invisible or turns the direction of text is shown as what it is. Where a page is printed
 * into the log of a pipeline, nothing of evidence is a command to its runner (net/visible.ts).
 */
export const html = (text: string): string =>
  text
    .replace(unseen, visible)
    .replace(noXmlCharacter, '\u{FFFD}')
    .replaceAll('&', '&amp;')
    .replaceAll('##', '#&#35;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** One line of Markdown prose: no markup, no link (GitHub makes some of bare addresses), no HTML, no mention of a user, no cell of a table. */
export const markdown = (text: string): string =>
  oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '&#64;')
    .replaceAll('://', '&#58;//')
    .replace(/www\./gi, (www) => `${www.slice(0, 3)}&#46;`)
    .replace(/[\\`*_{}[\]|~]/g, '\\$&')
    .replace(/^([#+-]|\d+(?=[.)]))/, (start) => (/\d/.test(start) ? `${start}\\` : `\\${start}`))

/** Inline code in Markdown, also inside a table's cell: the fence is longer than any run of backticks in it. */
export function markdownCode(text: string): string {
  const line = oneLine(text).replaceAll('|', '\\|')
  const fence = '`'.repeat(1 + longestRun(line))
  return fence === '`' && line !== '' ? `\`${line}\`` : `${fence} ${line} ${fence}`
}

/** A block of code in Markdown. */
export function markdownBlock(text: string, language = ''): string {
  const fence = '`'.repeat(Math.max(3, 1 + longestRun(text)))
  return `${fence}${language}\n${text.replace(noXmlCharacter, '\u{FFFD}')}\n${fence}`
}

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))

const oneLine = (text: string): string => text.replace(noXmlCharacter, '\u{FFFD}').replace(/\s+/g, ' ').trim()

/** The message of a workflow command of GitHub Actions (actions/toolkit, packages/core/src/command.ts, escapeData). */
export const workflowData = (text: string): string =>
  text.replace(noXmlCharacter, '\u{FFFD}').replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** A property of a workflow command (same file, escapeProperty). */
export const workflowProperty = (text: string): string =>
  workflowData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

/** A label's value in Prometheus' text format. */
export const label = (text: string): string =>
  text
    .replace(/[\u{D800}-\u{DFFF}]/gu, '\u{FFFD}')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
