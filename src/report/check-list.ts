import type { Catalogued } from '../checks/catalogue.ts'
import { hops } from '../checks/hop.ts'
import { wrap } from './wrap.ts'

/** Less room than this for a title, and it stands on a line of its own. */
const narrowest = 30

/** Every check in the order of the hops: id and the healthy condition, each on one line where `width` allows it. */
export function checkList(checks: readonly Catalogued[], width: number): string {
  const blocks = hops.flatMap((hop) => {
    const here = checks.filter(({ id }) => id.startsWith(`${hop}/`))
    return here.length === 0 ? [] : [checkLines(here, width).join('\n')]
  })
  return `${blocks.join('\n\n')}\n`
}

/** Ids and titles in two columns. */
export function checkLines(checks: readonly Catalogued[], width: number, indent = ''): readonly string[] {
  const column = Math.max(...checks.map(({ id }) => id.length)) + 2
  return checks.flatMap(({ id, title }) =>
    width - column - indent.length < narrowest
      ? [`${indent}${id}`, ...wrap(title, width, `${indent}    `)]
      : wrap(title, width, indent + ' '.repeat(column), indent + id.padEnd(column)),
  )
}
