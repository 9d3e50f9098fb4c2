import type { Finding, Unread } from '../checks/finding.ts'
import type { HidingGap } from '../diagnosis/diagnosis.ts'
import type { Look } from './paint.ts'
import { wrap } from './wrap.ts'

/** So many findings for want of the same thing are still told one by one; more are only named. */
const toldOneByOne = 3

/** What is not known: in its own words, or by name where many findings want for the same evidence. */
export function unknownText(findings: readonly Finding[], look: Look): string[] {
  const unknown = findings.filter(({ status }) => status === 'unknown')
  if (unknown.length === 0) return []
  const wanting = groupBy(unknown, ({ gaps = [] }) => (gaps[0] === undefined ? '' : placeOf(gaps[0])))
  const lines = [...wanting].flatMap(([place, group]) =>
    place === '' || group.length <= toldOneByOne
      ? group.flatMap(({ id, says }) => wrap(`${id}: ${says}`, look.width, '    ', '  - '))
      : wrap(`For want of ${place}: ${names(group)}.`, look.width, '    ', '  - '),
  )
  return [look.paint.bold('Not known:'), ...lines]
}

/** What could not be read, together where place and reason are the same, and how it can be read. */
export function gapsText(gaps: readonly HidingGap[], look: Look): string[] {
  if (gaps.length === 0) return []
  const groups = [...groupBy(gaps, (gap) => `${folderOf(gap.source)}\n${gap.reason}`).values()]
  const lines = groups.flatMap((group) => {
    const [{ source, reason }] = group as [HidingGap, ...HidingGap[]]
    const files = group.map((gap) => gap.source.slice(folderOf(source).length)).join(', ')
    const hidden = [...new Set(group.flatMap(({ hides }) => hides))]
    return wrap(`${folderOf(source)}${files}: ${reason}.${hiding(hidden)}`, look.width, '    ', '  - ')
  })
  const ways = [...new Set(gaps.flatMap(({ source }) => howToRead[source.split('/')[0] ?? ''] ?? []))]
  return [
    [look.paint.bold('Could not be read:'), ...lines, ...ways.flatMap((way) => wrap(way, look.width, '    '))].join(
      '\n',
    ),
  ]
}

/** By the first folder of a source. */
const howToRead: Readonly<Record<string, string>> = {
  aws: 'EC2 is read with credentials and a region; `vipdoctor policy --aws` prints the permissions.',
  kubernetes: 'Kubernetes is read with a kubeconfig; `vipdoctor policy --kubernetes` prints the permissions.',
  nodes: 'Nodes are read with --nodes ssh; `vipdoctor collect --print-node-script` prints what runs there.',
}

function hiding(ids: readonly string[]): string {
  if (ids.length === 0) return ''
  return ids.length > 4 ? ` Hides ${String(ids.length)} checks.` : ` Hides ${ids.join(', ')}.`
}

const names = (findings: readonly Finding[]): string => [...new Set(findings.map(({ id }) => id))].join(', ')

/** `aws/`, `nodes/worker-0/`: where a source stands. */
const folderOf = (source: string): string => source.slice(0, source.lastIndexOf('/') + 1)

const placeOf = ({ source }: Unread): string => (folderOf(source) === '' ? source : folderOf(source))

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const group = groups.get(key(item)) ?? []
    groups.set(key(item), group)
    group.push(item)
  }
  return groups
}
