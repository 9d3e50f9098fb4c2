import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, test } from '@jest/globals'
import { has } from './has.ts'

const root = path.join(import.meta.dirname, '../..')

/** What a test may need of the machine besides programs, which stand for themselves. */
const others: Record<string, () => boolean> = {
  root: () => process.getuid?.() === 0,
  'a user other than root': () => process.getuid?.() !== 0,
  // In a process of its own: what it binds to cannot be loaded twice in one.
  'the package cap': () => spawnSync(process.execPath, ['-e', 'require("cap")'], { cwd: root }).status === 0,
}

/** The reason for which tests are skipped, as a part of their names; null where this machine has all that is needed. */
export function lacking(needs: readonly string[]): string | null {
  const missing = needs.filter((need) => !(others[need]?.() ?? has(need)))
  return missing.length === 0 ? null : ` (skipped: needs ${missing.join(', ')})`
}

/** `test` where this machine has all of these; else `test.skip`, and each name says what is missing. */
export function testNeeding(...needs: readonly string[]): typeof test {
  const why = lacking(needs)
  return why === null ? test : (told(test.skip, why) as typeof test)
}

/** `describe`, likewise. */
export function describeNeeding(...needs: readonly string[]): typeof describe {
  const why = lacking(needs)
  return why === null ? describe : (told(describe.skip, why) as typeof describe)
}

type Named = (name: string, ...rest: unknown[]) => void

/** `skip`, with this behind every name that it is given, by `each` too. */
function told(skip: { each: unknown }, why: string): unknown {
  const behind =
    (call: unknown): Named =>
    (name, ...rest) => {
      ;(call as Named)(name + why, ...rest)
    }
  const each = (...table: readonly unknown[]): Named => behind((skip.each as (...rows: unknown[]) => Named)(...table))
  return Object.assign(behind(skip), { each })
}
