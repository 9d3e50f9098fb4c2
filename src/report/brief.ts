/** A sentence up to the first place where it turns to explaining, at most `most` characters. */
export function clauseOf(says: string, most: number): string {
  const [clause = ''] = says.split(/, so |: |; |\. |\.$/)
  return shortened(clause, most)
}

/** Cut between words where it is longer than `most` characters. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text
  const cut = text.slice(0, most - 1)
  const space = cut.lastIndexOf(' ')
  return `${(space > most / 2 ? cut.slice(0, space) : cut).replace(/[,;:]$/, '')}…`
}

/** Lines of at most `width` characters, at most `most` of them; the last one ends in `…` where more would follow. */
export function linesOf(text: string, width: number, most: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const next = line === '' ? word : `${line} ${word}`
    if (next.length > width && line !== '') {
      lines.push(line)
      line = word
    } else line = next
  }
  lines.push(line)
  const shown = lines.slice(0, most).map((one) => (one.length > width ? `${one.slice(0, width - 1)}…` : one))
  const last = shown.at(-1)
  if (lines.length > most && last !== undefined)
    shown[most - 1] = `${last.slice(0, width - 1).replace(/[,;:. ]+$/, '')}…`
  return shown
}
