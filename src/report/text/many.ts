import type { Cause, Verdict } from '../../diagnosis/diagnosis.ts'
import { statusMark, verdictStatus, verdictText, verdictWord, type Look } from '../paint.ts'
import { wrap } from '../wrap.ts'
import { remedyLines } from './remedy.ts'

/** What a table of VIPs needs of one of them. `open` says in brief what is not known. */
export interface Row {
  readonly place: string
  readonly owner: string
  readonly verdict: Verdict
  readonly cause: Cause | null
  readonly open: string | null
  readonly warnings: number
}

/** A line each for what is not well, those that are well counted (or all, where they are asked for). */
export function tableLines(rows: readonly Row[], look: Look, all: boolean): string[] {
  const shown = all ? rows : rows.filter(({ verdict }) => verdict !== 'reachable')
  const well = rows.length - shown.length
  const wide = (of: (row: Row) => string, most: number) =>
    Math.min(most, Math.max(0, ...shown.map((row) => of(row).length)))
  const [placeWidth, ownerWidth] = [wide(({ place }) => place, 44), wide(({ owner }) => owner, 40)]
  const lines = shown.flatMap((row) => {
    const { verdict, place, owner, cause, open, warnings } = row
    const behind =
      cause?.id ?? open ?? (warnings === 0 ? '' : `${String(warnings)} warning${warnings === 1 ? '' : 's'}`)
    const line = `${place.padEnd(placeWidth)}  ${owner.padEnd(ownerWidth)}  ${verdictText(verdict, look, verdictWord[verdict].padEnd(11))}  ${behind}`
    const whole = line.trimEnd()
    if (behind === '' || 2 + placeWidth + 2 + ownerWidth + 2 + 11 + 2 + behind.length <= look.width)
      return [`${mark(verdict, look)}${whole}`]
    return [`${mark(verdict, look)}${whole.slice(0, -behind.length).trimEnd()}`, `    ${behind}`]
  })
  const rest = `${String(well)} ${shown.length === 0 ? '' : 'more '}VIP${well === 1 ? '' : 's'}`
  return well === 0
    ? lines
    : [...lines, `${mark('reachable', look)}${rest}  ${verdictText('reachable', look)}  (--all lists them)`]
}

const mark = (verdict: Verdict, look: Look): string =>
  look.symbols ? `${statusMark(verdictStatus[verdict], look)} ` : ''

/** Each cause once, with how many VIPs have it first, and one remedy for all of them. */
export function groupedCauses(rows: readonly Row[], look: Look, verbose: boolean): string[][] {
  const groups = new Map<string, Cause[]>()
  for (const { cause } of rows) if (cause !== null) groups.set(cause.id, [...(groups.get(cause.id) ?? []), cause])
  return [...groups].map(([id, causes]) => {
    const [first] = causes as [Cause, ...Cause[]]
    const several = causes.length > 1
    return [
      `${look.paint.bold(`Cause of ${String(causes.length)}:`)} ${look.paint.red(id)}`,
      ...wrap(
        several ? `${first.says} Likewise the ${causes.length === 2 ? 'other' : 'others'}.` : first.says,
        look.width,
        '  ',
      ),
      '',
      ...remedyLines(
        { ...first, look: joined(causes.map(({ look: lines }) => lines)), fix: joinedFix(causes) },
        look,
        '  ',
        verbose,
      ),
    ]
  })
}

function joinedFix(causes: readonly Cause[]): Cause['fix'] {
  const fixes = causes.flatMap(({ fix }) => fix ?? [])
  const [first] = fixes
  return first === undefined ? null : { ...first, commands: joined(fixes.map(({ commands }) => commands)) }
}

/**
 * The commands of several fixes, each once; those that differ only in their last word, which is a list there, as one command:
 * `… --private-ip-addresses 10.240.0.101 10.240.0.102`.
 */
function joined(lists: readonly (readonly string[])[]): readonly string[] {
  const byHead = new Map<string, Set<string>>()
  for (const command of lists.flat()) {
    const [, head = command, tail = ''] = /^(aws .* --(?:private-ip|ipv6)-addresses) (\S+)$/.exec(command) ?? []
    byHead.set(head, (byHead.get(head) ?? new Set()).add(tail))
  }
  return [...byHead].map(([head, tails]) => [head, ...tails].join(' ').trimEnd())
}
