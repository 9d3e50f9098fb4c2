/** Names the values of a map with free keys, such as labels. */
export interface MapOf<S> {
  readonly mapOf: S
}
export const mapOf = <const S>(shape: S): MapOf<S> => ({ mapOf: shape })

/**
 * What a JSON value must look like to be believed, and what of it is kept. `'scalar'` is a string or a number (Kubernetes' IntOrString),
 * `'json'` anything. Every member may be absent or null (both read as undefined); one of another type is a misfit.
 */
export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'scalar'
  | 'json'
  | readonly [Shape]
  | MapOf<unknown>
  | { readonly [key: string]: Shape }

export type Shaped<S> = S extends 'string'
  ? string
  : S extends 'number'
    ? number
    : S extends 'boolean'
      ? boolean
      : S extends 'scalar'
        ? string | number
        : S extends 'json'
          ? unknown
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

class MisfitError extends Error {
  readonly misfit: Misfit
  constructor(misfit: Misfit) {
    super('misfit')
    this.misfit = misfit
  }
}

/** The part of `value` that `shape` names, frozen through and through; or the first place where it does not fit. */
export function conform<const S extends Shape>(
  value: unknown,
  shape: S,
  pointer = '',
): { value: Shaped<S> } | { misfit: Misfit } {
  try {
    return { value: shaped(value, shape, pointer) as Shaped<S> }
  } catch (error) {
    if (error instanceof MisfitError) return { misfit: error.misfit }
    throw error
  }
}

function shaped(value: unknown, shape: Shape, pointer: string): unknown {
  if (typeof shape === 'string') return scalar(value, shape, pointer)
  if (isList(shape)) {
    if (!Array.isArray(value)) throw misfit(pointer, 'a list', value)
    return Object.freeze(value.map((item, index) => shaped(item, shape[0], `${pointer}/${String(index)}`)))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misfit(pointer, 'an object', value)
  const members = value as Record<string, unknown>
  const kept: Record<string, unknown> = {}
  const keys = isMapOf(shape) ? Object.keys(members) : Object.keys(shape)
  for (const key of keys) {
    const member = Object.hasOwn(members, key) ? members[key] : undefined
    if (member === null || member === undefined) continue
    const inner = isMapOf(shape) ? (shape.mapOf as Shape) : shape[key]
    if (inner === undefined) continue
    const part = shaped(member, inner, `${pointer}/${escapeKey(key)}`)
    if (key === '__proto__') Object.defineProperty(kept, key, { value: part, enumerable: true })
    else kept[key] = part
  }
  return Object.freeze(kept)
}

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape)
const isMapOf = (shape: object): shape is MapOf<unknown> => 'mapOf' in shape

function scalar(value: unknown, shape: 'string' | 'number' | 'boolean' | 'scalar' | 'json', pointer: string): unknown {
  if (shape === 'json') return deepFreeze(value)
  const fits = shape === 'scalar' ? typeof value === 'string' || typeof value === 'number' : typeof value === shape
  if (!fits) throw misfit(pointer, shape === 'scalar' ? 'a string or number' : `a ${shape}`, value)
  return value
}

function misfit(pointer: string, expected: string, value: unknown): MisfitError {
  const found =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'a list'
        : typeof value === 'object'
          ? 'an object'
          : `a ${typeof value}`
  return new MisfitError({ pointer: pointer === '' ? '/' : pointer, expected, found })
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
