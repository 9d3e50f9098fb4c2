import type { Finding } from '../../checks/finding.ts'
import type { Cause } from '../../diagnosis/diagnosis.ts'
import { placeText } from '../../evidence/cite.ts'
import { proofValue } from '../details.ts'
import type { Look } from '../paint.ts'
import { wrap } from '../wrap.ts'
import { remedyLines } from './remedy.ts'

/** The first cause: why, and directly behind it what mends it. */
export const firstCause = (cause: Cause, look: Look, verbose: boolean): string[] => [
  ...wrap(cause.says, look.width, '  '),
  '',
  ...remedyLines(cause, look, '  ', verbose),
]

/** The causes that the packet meets once the first is mended, in the order in which to mend them. */
export function furtherCauses(causes: readonly Cause[], look: Look, verbose: boolean): string[] {
  if (causes.length === 0) return []
  return [
    look.paint.bold(
      `  Then ${causes.length === 1 ? 'one more stops' : `${String(causes.length)} more stop`} the packet:`,
    ),
    ...causes.flatMap((cause, index) => {
      const number = `  ${String(index + 2)}. `
      return [
        ...wrap(`${cause.id}: ${cause.says}`, look.width, ' '.repeat(number.length), number),
        ...remedyLines(cause, look, ' '.repeat(number.length), verbose),
      ]
    }),
  ]
}

/** So many places prove a cause; `--verbose` and JSON have all. */
const shownProofs = 2
/** A value longer than this is cut: the place has all of it. */
const shownValue = 240

/** Where the facts of the causes stand. */
export function proofLines(causes: readonly Cause[], look: Look, verbose: boolean): string[] {
  return causes.flatMap((cause) => {
    const title = causes.length === 1 ? 'Proof:' : `Proof of ${cause.id}:`
    return cause.proof.length === 0 ? [] : [`  ${look.paint.bold(title)}`, ...proofsOf(cause, look, verbose)]
  })
}

function proofsOf({ proof }: Finding, look: Look, verbose: boolean, indent = '    '): string[] {
  const shown = verbose ? proof : proof.slice(0, shownProofs)
  const left = proof.length - shown.length
  return [
    ...shown.flatMap((one) => {
      const value = proofValue(one)
      const text = verbose || value.length <= shownValue ? value : `${value.slice(0, shownValue)}…`
      return [`${indent}${look.paint.dim(placeText(one))}`, ...wrap(text, look.width, `${indent}  `)]
    }),
    ...(left > 0 ? [`${indent}and ${String(left)} more places (--verbose)`] : []),
  ]
}

/** What follows from the causes: mended with them, so the names are enough. */
export function followingLines(causes: readonly Cause[], look: Look, verbose: boolean): string[] {
  const following = causes.flatMap(({ consequences }) => consequences)
  if (following.length === 0) return []
  return verbose
    ? [
        look.paint.bold('  Follows from it:'),
        ...following.flatMap(({ id, says }) => wrap(`${id}: ${says}`, look.width, '      ', '    - ')),
      ]
    : wrap(`Follows from it: ${[...new Set(following.map(({ id }) => id))].join(', ')}`, look.width, '    ', '  ')
}

/** Findings that are no cause: a line each and the command that mends, all of it with `--verbose`. */
export function besideLines(title: string, findings: readonly Finding[], look: Look, verbose: boolean): string[] {
  if (findings.length === 0) return []
  return [
    look.paint.bold(`  ${title}:`),
    ...findings.flatMap((finding) => [
      ...wrap(`${finding.says} (${finding.id})`, look.width, '    ', '  - '),
      ...(verbose ? proofsOf(finding, look, verbose, '      ') : []),
      ...remedyLines(
        verbose
          ? finding
          : { ...finding, advice: '', fix: finding.fix === null ? null : { ...finding.fix, changes: '' } },
        look,
        '    ',
        verbose,
      ),
    ]),
  ]
}
