import { memberOf, moreAfter } from '../part.ts'
import type { Found } from '../store.ts'
import { awsItems, fileOfAwsMember, fileOfAwsObject, fileOfBareAwsItem } from './aws-answers.ts'
import { fileOfKind, fileOfName } from './kubernetes-answers.ts'

/** What a file holds of one listing of the bundle. */
export interface Holding {
  /** The file of the bundle that it belongs to: `kubernetes/services.json`. */
  readonly into: string
  /** The file that holds it. */
  readonly from: string
  readonly items: readonly Found[]
  /** A list, which may be a whole one; else one object by itself. */
  readonly isList: boolean
  /** Why the list says that there is more behind it. */
  readonly more: string | null
}

/** What a document of a file holds; empty where nobody reads what it is. */
export function holdingsIn(from: string, document: unknown, pointer: string): readonly Holding[] {
  if (Array.isArray(document)) return ofBareList(from, document, pointer)
  if (typeof document !== 'object' || document === null) return []
  return (
    ofKubernetesList(from, document, pointer) ??
    ofAwsAnswer(from, document, pointer) ??
    ofObject(from, document, pointer)
  )
}

/** `kind: List` of anything, or a list of one kind (PodList), whose items need not say theirs. */
function ofKubernetesList(from: string, document: object, pointer: string): readonly Holding[] | null {
  const kind = memberOf(document, 'kind')
  const items = memberOf(document, 'items')
  if (!Array.isArray(items) || typeof kind !== 'string' || !kind.endsWith('List')) return null
  const more = moreAfter(from, document)?.reason ?? null
  const found = items.map((value: unknown, at) => ({
    value,
    file: from,
    pointer: `${pointer}/items/${String(at)}`,
    isListed: true,
  }))
  if (kind === 'List') return ofKinds(from, found, fileOfName(from), more)
  const into = fileOfKind(memberOf(document, 'apiVersion'), kind.slice(0, -'List'.length))
  return into === null ? [] : [{ into, from, items: found, isList: true, more }]
}

function ofAwsAnswer(from: string, document: object, pointer: string): readonly Holding[] | null {
  for (const [member, list] of Object.entries(document)) {
    const into = fileOfAwsMember(member, list)
    if (into === null || !Array.isArray(list)) continue
    const items = awsItems(list).map(({ behind, value, isListed }) => ({
      value,
      file: from,
      pointer: `${pointer}/${member}${behind}`,
      isListed,
    }))
    return [{ into, from, items, isList: true, more: moreAfter(from, document)?.reason ?? null }]
  }
  return null
}

function ofObject(from: string, value: object, pointer: string): readonly Holding[] {
  const into = fileOfAwsObject(value) ?? fileOfBareAwsItem(value) ?? (isManifest(value) ? null : intoOf(value))
  if (into === null) return []
  return [{ into, from, items: [{ value, file: from, pointer, isListed: false }], isList: false, more: null }]
}

/** Items without a list around them (`--query`, `jq .items`); those that say nothing of themselves are what the name of their file says. */
function ofBareList(from: string, list: readonly unknown[], pointer: string): readonly Holding[] {
  const found = list.map((value, at) => ({ value, file: from, pointer: `${pointer}/${String(at)}`, isListed: false }))
  const named = fileOfName(from)
  const isSilent = named !== null && list.every((one) => memberOf(one, 'kind') === undefined && hasName(one))
  return isSilent ? [{ into: named, from, items: found, isList: true, more: null }] : ofKinds(from, found, named, null)
}

/** Items by what they belong to. `ifEmpty`: what a list without items is a list of. */
function ofKinds(
  from: string,
  found: readonly Found[],
  ifEmpty: string | null,
  more: string | null,
): readonly Holding[] {
  const groups = new Map<string, Found[]>(found.length === 0 && ifEmpty !== null ? [[ifEmpty, []]] : [])
  for (const one of found) {
    const into = intoOf(one.value) ?? fileOfBareAwsItem(one.value)
    if (into === null) continue
    const group = groups.get(into) ?? []
    groups.set(into, group)
    group.push(one)
  }
  return [...groups].map(([into, items]) => ({ into, from, items, isList: true, more }))
}

const intoOf = (item: unknown): string | null => fileOfKind(memberOf(item, 'apiVersion'), memberOf(item, 'kind'))

const hasName = (item: unknown): boolean => typeof memberOf(memberOf(item, 'metadata'), 'name') === 'string'

/** What somebody wrote to be applied, and no API server answered: it says what shall be, not what is. */
function isManifest(object: unknown): boolean {
  const metadata = memberOf(object, 'metadata')
  return (
    memberOf(object, 'status') === undefined &&
    ['uid', 'resourceVersion', 'creationTimestamp'].every((member) => memberOf(metadata, member) === undefined)
  )
}
