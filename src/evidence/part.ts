import { gap, type Gap } from './gap.ts'

const parts = new WeakMap<object, Gap>()

/** Why a listing is only a part of one: what is not in it proves nothing. Null for one that nothing says it of, and for what was not read. */
export const partOf = (listing: object): Gap | null => parts.get(listing) ?? null

/** Remembers that a listing is a part. Only the evidence's readers call it. */
export function rememberPart(listing: object, why: Gap | null): void {
  if (why !== null) parts.set(listing, why)
}

/**
 * What an answer says beside its list of there being more: `NextToken` of an AWS call, `metadata.continue` and `remainingItemCount` of a
 * Kubernetes list (ListMeta, k8s.io/apimachinery).
 */
export function moreAfter(file: string, answer: unknown): Gap | null {
  const token = ['NextToken', 'nextToken'].find((member) => isText(memberOf(answer, member)))
  const metadata = memberOf(answer, 'metadata')
  const remaining = memberOf(metadata, 'remainingItemCount')
  const why =
    token ??
    (isText(memberOf(metadata, 'continue')) ? 'metadata.continue' : null) ??
    (typeof remaining === 'number' && remaining > 0 ? 'metadata.remainingItemCount' : null)
  return why === null ? null : gap(file, `only a part of the listing: ${why} says that there is more`)
}

/** The member of a value that is an object; undefined where there is none. */
export function memberOf(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[member] : undefined
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
