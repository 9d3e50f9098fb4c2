import { citeLine, type Proof } from '../cite.ts'

/** Kernel settings by name, and the lines that are none. */
export interface Sysctls {
  readonly file: string
  readonly values: ReadonlyMap<string, string>
  readonly lines: ReadonlyMap<string, number>
  readonly misread: readonly number[]
}

/** The lines in which settings stand, as proof; nothing for one that is not there. */
export const citeSettings = ({ file, values, lines }: Sysctls, names: readonly string[]): readonly Proof[] =>
  names.flatMap((name) => {
    const line = lines.get(name)
    return line === undefined ? [] : [citeLine(file, line, `${name} = ${values.get(name) ?? ''}`)]
  })

/** Reads `sysctl -a` (`name = value`) and `name=value`; a name's slashes (`net/ipv4/ip_forward`) are read as dots. */
export function parseSysctl(file: string, text: string): Sysctls {
  const values = new Map<string, string>()
  const lines = new Map<string, number>()
  const misread: number[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const match = /^([\w./:@-]+)\s*=\s*(.*)$/.exec(line.trim())
    const name = match?.[1]?.includes('.') === true ? match[1] : match?.[1]?.replaceAll('/', '.')
    if (match === null || name === undefined) misread.push(index + 1)
    else {
      values.set(name, match[2] ?? '')
      lines.set(name, index + 1)
    }
  }
  return { file, values, lines, misread }
}
