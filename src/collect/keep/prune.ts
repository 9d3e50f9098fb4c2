import type { MapOf, Shape } from '../../evidence/shape.ts'
import { withoutCredentials } from './text.ts'

/** A JSON value; an object of those. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * The members of a value that a shape names: what some check reads. A value of another type than the shape's is not made to fit: a scalar
 * stays, of an object or a list no more than that it is one, so that whoever judges says of it what it would have said of the whole.
 */
export function pruned(value: Json, shape: Shape): Json {
  if (shape === 'json') return scrubbed(value)
  if (value === null || typeof value !== 'object') return value
  if (typeof shape === 'string') return isList(value) ? [] : {}
  if (isListShape(shape)) return isList(value) ? value.map((one) => pruned(one, shape[0])) : {}
  if (isList(value)) return []
  if (isMapOf(shape)) return mapped(value, (member) => pruned(member, shape.mapOf as Shape))
  const members: Readonly<Record<string, Shape>> = shape
  return mapped(value, (member, key) => {
    const inner = Object.hasOwn(members, key) ? members[key] : undefined
    return inner === undefined ? undefined : pruned(member, inner)
  })
}

/** An object with what `change` makes of each member, without those of which it makes nothing; in another order of the keys, if they are given. */
export function mapped(
  object: JsonObject,
  change: (member: Json, key: string) => Json | undefined,
  keys: readonly string[] = Object.keys(object),
): JsonObject {
  const made: Record<string, Json> = {}
  for (const key of keys) {
    const value = change(object[key] ?? null, key)
    // A member of this name would be taken for the prototype.
    if (value !== undefined && key !== '__proto__') made[key] = value
  }
  return made
}

/** What a check reads as it is: every text in it without what looks like a credential. */
function scrubbed(value: Json): Json {
  if (typeof value === 'string') return withoutCredentials(value)
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map((one) => scrubbed(one))
  return mapped(value, scrubbed)
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
const isListShape = (shape: object): shape is readonly [Shape] => Array.isArray(shape)
const isMapOf = (shape: object): shape is MapOf<unknown> => 'mapOf' in shape
