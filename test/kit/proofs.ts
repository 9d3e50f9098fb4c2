import { isDeepStrictEqual } from 'node:util'
import type { Proof } from '../../src/evidence/cite.ts'
import { isGap } from '../../src/evidence/gap.ts'
import type { Store } from '../../src/evidence/store.ts'

const nothing = Symbol('nothing stands there')

/** RFC 6901. */
function at(document: unknown, pointer: string): unknown {
  let value = document
  for (const key of pointer.split('/').slice(1)) {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return nothing
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** A list or an object may be summed up in words, or by some of its members; what is neither stands there as it is. */
function shows(value: unknown, found: unknown): boolean {
  if (typeof found !== 'object' || found === null) return value === found
  if (typeof value === 'string') return true
  return Array.isArray(value) ? isDeepStrictEqual(value, found) : isMatch(found, value)
}

const isMatch = (found: object, part: unknown): boolean =>
  typeof part === 'object' &&
  part !== null &&
  Object.entries(part).every(([key, value]) => isDeepStrictEqual(value, (found as Record<string, unknown>)[key]))

/** Why a reader who looks a proof up would not find it; null where it resolves. */
export function lost(store: Store, { file, pointer, line, value }: Proof): string | null {
  const bytes = store.read(file)
  if (isGap(bytes)) return 'no such file'
  // The whole file, of whatever kind.
  if (pointer === '') return null
  const text = Buffer.from(bytes).toString()
  if (line !== undefined) {
    const printed = text.split('\n')[line - 1]
    if (printed === undefined) return 'no such line'
    return typeof value === 'string' && squeezed(printed).includes(squeezed(value))
      ? null
      : `the line is: ${printed.slice(0, 80)}`
  }
  const found = at(JSON.parse(text), pointer)
  if (found !== nothing)
    return shows(value, found) ? null : `what stands there is ${JSON.stringify(found).slice(0, 80)}`
  // A field that is not there is a fact about what stands around it.
  const around = pointer.split('/').slice(0, -1).join('/')
  return value === null && around !== '' && at(JSON.parse(text), around) !== nothing ? null : 'no such pointer'
}
