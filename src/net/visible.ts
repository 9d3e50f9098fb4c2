/** What a terminal obeys or hides instead of showing: C0, DEL and C1, bidirectional controls, zero-width and other invisible characters, separators of lines, lone surrogates. */
export const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u

const everyInvisible = new RegExp(invisible, 'gu')

/** A text with each invisible character as its escape, `\x1b` or `\u202e`, line ends among them. Others stay, a backslash too. */
export const visible = (text: string): string => (invisible.test(text) ? text.replaceAll(everyInvisible, escape) : text)

/** A value from evidence on one line: visible, and one longer than `most` characters is cut and its length said. */
export const shownName = (text: string, most = 253): string =>
  text.length > most ? `${visible(text.slice(0, most))}… (${String(text.length)} characters)` : visible(text)

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x1_0000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}
