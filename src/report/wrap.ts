/**
 * Breaks a sentence into lines of at most `width` columns, each behind `indent` (the first behind `first`). A word longer than a line
 * stands alone and is not cut: it is a path, an id or a command that somebody will copy.
 */
export function wrap(text: string, width: number, indent: string, first = indent): string[] {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return [...lines, line]
}
