import type { PathStep } from '../../diagnosis/diagnosis.ts'
import { pathHops } from '../../checks/hop.ts'
import { statusMark, type Look } from '../paint.ts'
import { wrap } from '../wrap.ts'

const nameWidth = Math.max(...pathHops.map((hop) => hop.length))

/** The way of the packet, one line a hop, cut to the width; of one that is not well the check that says so, where there is room. */
export function pathLines(path: readonly PathStep[], look: Look, verbose: boolean): string[] {
  return path.flatMap(({ hop, status, id, brief, says }) => {
    const head = `  ${statusMark(status, look)} ${look.paint.bold(hop.padEnd(nameWidth))} `
    const used = 2 + (look.symbols ? 1 : 7) + 1 + nameWidth + 1
    if (verbose) {
      const [first = '', ...rest] = wrap(says, look.width, ' '.repeat(used))
      return [`${head}${first.trimStart()}`, ...rest]
    }
    const told = brief.slice(0, look.width - used)
    const room = look.width - used - told.length
    const name = id !== null && (status === 'fail' || status === 'warn') && room > id.length + 1 ? id : ''
    const behind = name === '' ? '' : `${' '.repeat(room - name.length)}${look.paint.dim(name)}`
    return [`${head}${status === 'skipped' ? look.paint.dim(told) : told}${behind}`]
  })
}
