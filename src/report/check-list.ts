import type { Check } from '../checks/check.ts'
import { hops } from '../checks/hop.ts'

/** Every check in the order of the hops: id and the healthy condition. */
export function checkList(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ id }) => id.length))
  const blocks = hops.flatMap((hop) => {
    const here = checks.filter(({ id }) => id.startsWith(`${hop}/`))
    return here.length === 0 ? [] : [here.map(({ id, title }) => `${id.padEnd(width)}  ${title}`).join('\n')]
  })
  return `${blocks.join('\n\n')}\n`
}
