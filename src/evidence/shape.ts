/** Names the values of a map with free keys, such as labels. */
export interface MapOf<S> {
  readonly mapOf: S
}

/** The shape of a map whose values have this one. */
export const mapOf = <const S>(shape: S): MapOf<S> => ({ mapOf: shape })

/**
 * What a JSON value must look like to be believed, and what of it is kept. `'scalar'` is a string or a number (Kubernetes' IntOrString),
 * `'port'` a number from 0 to 65535, `'json'` anything. Every member may be absent or null (both read as undefined); one of another type is a misfit. `'flag'` is what is true
 * by being there: iproute2 prints a bare word (`not`) as a member that is null.
 */
export type Shape =
  | 'string'
  | 'number'
  | 'port'
  | 'boolean'
  | 'scalar'
  | 'json'
  | 'flag'
  | readonly [Shape]
  | MapOf<unknown>
  | { readonly [key: string]: Shape }

/** The type of a value that has a shape: every member may be absent. */
export type Shaped<S> = S extends 'string'
  ? string
  : S extends 'number' | 'port'
    ? number
    : S extends 'boolean'
      ? boolean
      : S extends 'scalar'
        ? string | number
        : S extends 'json'
          ? unknown
          : S extends 'flag'
            ? true
            : S extends readonly [infer E]
              ? readonly Shaped<E>[]
              : S extends MapOf<infer E>
                ? Readonly<Record<string, Shaped<E>>>
                : { readonly [K in keyof S]?: Shaped<S[K]> | undefined }

/** Says where a value does not have its shape: a JSON pointer, what was expected, and what stands there. */
export interface Misfit {
  readonly pointer: string
  readonly expected: string
  readonly found: string
}

/** A value that does not fit. Its pointer grows from the inside out on the way up: most values fit, and need none. */
class MisfitError extends Error {
  pointer = ''
  readonly expected: string
  readonly found: string
  constructor(expected: string, value: unknown) {
    super('misfit')
    this.expected = expected
    this.found = typeName(value)
  }
}

/**
 * The part of `value` that `shape` names, frozen through and through; or the first place where it does not fit. `like` is what was kept of
 * another value of this shape, undefined where there is none: the parts inside that are equal are one object then. The pods of a Deployment
 * differ by name and address alone, and a large cluster has tens of thousands of them.
 */
export function conform<const S extends Shape>(
  value: unknown,
  shape: S,
  pointer = '',
  like?: Shaped<S>,
): { value: Shaped<S> } | { misfit: Misfit } {
  try {
    const kept = readerOf(shape)(value, like)
    // Two items of a list are two, however equal.
    return { value: (isRecord(kept) && kept === like ? Object.freeze({ ...kept }) : kept) as Shaped<S> }
  } catch (error) {
    if (!(error instanceof MisfitError)) throw error
    const whole = pointer + error.pointer
    return { misfit: { pointer: whole === '' ? '/' : whole, expected: error.expected, found: error.found } }
  }
}

/** Gives what is kept of a value, or throws a MisfitError; `like` itself where that is equal, which is what such a reader gave before. */
type Reader = (value: unknown, like?: unknown) => unknown

const readers = new WeakMap<object, Reader>()

/** A shape's reader, made once: a listing holds tens of thousands of values of one shape. */
function readerOf(shape: Shape): Reader {
  if (typeof shape === 'string') return scalarReaders[shape]
  const known = readers.get(shape)
  if (known !== undefined) return known
  const made = isList(shape) ? listReader(shape[0]) : isMapOf(shape) ? mapReader(shape) : objectReader(shape)
  readers.set(shape, made)
  return made
}

function listReader(shape: Shape): Reader {
  const read = readerOf(shape)
  return (value, like) => {
    if (!Array.isArray(value)) throw new MisfitError('a list', value)
    const before = Array.isArray(like) ? (like as readonly unknown[]) : []
    let same = Array.isArray(like) && before.length === value.length
    const kept: unknown[] = []
    for (let index = 0; index < value.length; index += 1) {
      const part = readMember(read, value[index], index, before[index])
      if (part !== before[index]) same = false
      kept.push(part)
    }
    return same ? like : Object.freeze(kept)
  }
}

function mapReader(shape: MapOf<unknown>): Reader {
  const read = readerOf(shape.mapOf as Shape)
  return (value, like) => {
    const before = isRecord(like) ? like : {}
    const order = Object.keys(before)
    let count = 0
    let same = isRecord(like)
    const kept: Record<string, unknown> = {}
    for (const [key, member] of Object.entries(asObject(value))) {
      if (member === null || member === undefined) continue
      const was = order[count] === key ? before[key] : undefined
      const part = readMember(read, member, key, was)
      if (part !== was) same = false
      if (key === '__proto__') Object.defineProperty(kept, key, { value: part, enumerable: true })
      else kept[key] = part
      count += 1
    }
    return same && count === order.length ? like : Object.freeze(kept)
  }
}

function objectReader(shape: Readonly<Record<string, Shape>>): Reader {
  const members = Object.entries(shape).map(([key, inner]) => ({ key, read: readerOf(inner), flag: inner === 'flag' }))
  return (value, like) => {
    const object = asObject(value)
    const before = isRecord(like) ? like : {}
    let same = isRecord(like)
    const kept: Record<string, unknown> = {}
    for (const { key, read, flag } of members) {
      const member = Object.hasOwn(object, key) ? object[key] : undefined
      const was = before[key]
      let part: unknown
      if (flag && member !== undefined && member !== false) part = true
      else if (member !== null && member !== undefined) part = readMember(read, member, key, was)
      if (part !== was) same = false
      if (part !== undefined) kept[key] = part
    }
    return same ? like : Object.freeze(kept)
  }
}

function readMember(read: Reader, member: unknown, key: string | number, was: unknown): unknown {
  try {
    const part = read(member, was)
    // Equal texts, and one of them in memory.
    return part === was ? was : part
  } catch (error) {
    if (error instanceof MisfitError) error.pointer = `/${escapeKey(String(key))}${error.pointer}`
    throw error
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new MisfitError('an object', value)
  return value
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isList = (shape: object): shape is readonly [Shape] => Array.isArray(shape)
const isMapOf = (shape: object): shape is MapOf<unknown> => 'mapOf' in shape

const scalarReader =
  (expected: string, fits: (value: unknown) => boolean): Reader =>
  (value) => {
    if (!fits(value)) throw new MisfitError(expected, value)
    return value
  }

const scalarReaders = {
  string: scalarReader('a string', (value) => typeof value === 'string'),
  number: scalarReader('a number', (value) => typeof value === 'number'),
  port: scalarReader('a port', (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535),
  boolean: scalarReader('a boolean', (value) => typeof value === 'boolean'),
  scalar: scalarReader('a string or number', (value) => typeof value === 'string' || typeof value === 'number'),
  json: (value) => {
    if (nestsTooDeep(value)) throw new MisfitError(`nested less than ${String(mostLevels)} levels deep`, value)
    return deepFreeze(value)
  },
  flag: (value) => value,
} as const satisfies Record<string, Reader>

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** No file that a tool wrote is nested so deep. JSON.parse takes any depth; what walks through a value does not. */
const mostLevels = 200

/** Whether a value is nested deeper than anything that may be walked through. Makes no list of an object's members: this meets every value of a large cluster. */
export function nestsTooDeep(value: unknown, left = mostLevels): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (left === 0) return true
  if (Array.isArray(value)) return value.some((member) => nestsTooDeep(member, left - 1))
  const members = value as Readonly<Record<string, unknown>>
  for (const key in members) if (typeof members[key] === 'object' && nestsTooDeep(members[key], left - 1)) return true
  return false
}

/** Freezes a value and all that it holds, and gives it back. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}

/** One step of a JSON pointer (RFC 6901 §3). */
export const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** The key that {@link escapeKey} made a step of. */
export const unescapeKey = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~')
