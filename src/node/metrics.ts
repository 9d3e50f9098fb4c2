import { citeLine, type Proof } from '../evidence/cite.ts'
import type { TextFile } from '../evidence/text-file.ts'

/** One sample of a metrics page: its labels, its value, and where it stands. */
export interface Sample {
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
  readonly proof: Proof
}

/** The samples of one metric, in the text format of Prometheus (exposition format 0.0.4). Timestamps behind the value are ignored. */
export function samplesOf({ file, lines }: TextFile, name: string): readonly Sample[] {
  return lines.flatMap((line, index): Sample[] => {
    if (!line.startsWith(name)) return []
    const match = /^\w+(?:\{(.*)\})?\s+(\S+)/.exec(line)
    const rest = line.charAt(name.length)
    if (match === null || (rest !== '{' && rest !== ' ')) return []
    const value = Number(match[2])
    return Number.isNaN(value)
      ? []
      : [{ labels: labelsOf(match[1] ?? ''), value, proof: citeLine(file, index + 1, line) }]
  })
}

const labelsOf = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]))

/** Whether a sample is about a family; kube-proxy before 1.34 names none, and then means IPv4 and IPv6 together. */
export const ofFamily = ({ labels }: Sample, family: 4 | 6): boolean =>
  (labels.get('ip_family') ?? `IPv${String(family)}`) === `IPv${String(family)}`
