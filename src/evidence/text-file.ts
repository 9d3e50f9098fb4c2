/** A text file of a node, as it was printed. `lines` has no line ends; line 1 is `lines[0]`. */
export interface TextFile {
  readonly file: string
  readonly text: string
  readonly lines: readonly string[]
}

/** A text by its lines, without their ends; an end of the last line makes no empty one. */
export function textFile(file: string, text: string): TextFile {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return Object.freeze({ file, text, lines: Object.freeze(lines) })
}
