/** What a terminal obeys or hides instead of showing: C0, DEL and C1, bidirectional controls, zero-width and other invisible characters, separators of lines, lone surrogates. */
export const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u

const everyInvisible = new RegExp(invisible, 'gu')

/**
 * What the runner of a pipeline obeys in whatever a step prints: `##[command]` anywhere in a line and `::command::` where one begins
 * (actions/runner, src/Runner.Common/ActionCommand.cs, TryParse and TryParseV2), Azure's `##vso[`, TeamCity's `##teamcity[`.
 */
const obeyed =
  /#(?=(?:vso|teamcity)?\[)(?<=##)|(?<!\S):(?=:(?:add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|notice|remove-matcher|save-state|set-env|set-output|stop-commands|warning)\b)/gi

/**
 * A text with each invisible character as its escape, `\x1b` or `\u202e`, line ends among them, and likewise what makes a command to the
 * runner of a pipeline. Others stay, a backslash too.
 */
export function visible(text: string): string {
  const seen = invisible.test(text) ? text.replaceAll(everyInvisible, escape) : text
  return mayBeObeyed(seen) ? seen.replaceAll(obeyed, escape) : seen
}

/** Whether a text has what begins a command to the runner of a pipeline; most have none, and some have it in an address. */
export const mayBeObeyed = (text: string): boolean => text.includes('##') || text.includes('::')

/** A value from evidence on one line: visible, and one longer than `most` characters is cut and its length said. */
export const shownName = (text: string, most = 253): string =>
  text.length > most ? `${visible(text.slice(0, most))}… (${String(text.length)} characters)` : visible(text)

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x1_0000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}
