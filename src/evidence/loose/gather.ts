import { isGap, type Gap } from '../gap.ts'
import { readText } from '../json.ts'
import { memberOf } from '../part.ts'
import type { Found, Gathered, Store } from '../store.ts'
import { idOfAwsItem } from './aws-answers.ts'
import { documentsIn } from './documents.ts'
import { holdingsIn, type Holding } from './holdings.ts'
import { everywhere, inEveryNamespace, namespaceWords } from './kubernetes-answers.ts'

/** What files of any name hold, by the file of the bundle that it belongs to; those that are no answer, and those of which nothing is read. */
interface Looked {
  readonly listings: ReadonlyMap<string, Gathered>
  readonly wrong: readonly Gap[]
  readonly unread: readonly string[]
}

/** Reads files whose names say nothing: each answer of kubectl or aws is told by what it says itself. */
export function gather(store: Store, files: readonly string[]): Looked {
  const wrong: Gap[] = []
  const unread: string[] = []
  const holdings = new Map<string, Holding[]>()
  for (const file of files) {
    const text = readText(store, file)
    const documents = isGap(text) ? text : documentsIn(file, text)
    if (isGap(documents)) wrong.push(documents)
    const held = documents === null || isGap(documents) ? [] : holdingsOf(file, documents)
    if (held.length === 0 && !isGap(documents)) unread.push(file)
    for (const holding of held) holdings.set(holding.into, [...(holdings.get(holding.into) ?? []), holding])
  }
  const namespaces = namesOf(holdings.get('kubernetes/namespaces.json') ?? [])
  return {
    listings: new Map(
      [...holdings].map(([into, held]) => [
        into,
        { items: onceEach(into, held), part: whyPart(into, held, namespaces) },
      ]),
    ),
    wrong,
    unread,
  }
}

const holdingsOf = (file: string, documents: readonly unknown[]): readonly Holding[] =>
  documents.flatMap((document, at) => holdingsIn(file, document, documents.length > 1 ? `/${String(at)}` : ''))

/** Two files may hold the same object: the version of it that the API server wrote last is kept, else the first one. */
function onceEach(into: string, holdings: readonly Holding[]): readonly Found[] {
  const kept = new Map<string, Found>()
  for (const found of holdings.flatMap(({ items }) => items)) {
    const key = identity(into, found.value)
    const before = kept.get(key)
    if (before === undefined || versionOf(found.value) > versionOf(before.value)) kept.set(key, found)
  }
  return [...kept.values()]
}

/** By which an object is the same in two answers: its namespace and name, or its id. */
function identity(into: string, value: unknown): string {
  const metadata = memberOf(value, 'metadata')
  const name = memberOf(metadata, 'name')
  return typeof name === 'string'
    ? JSON.stringify([memberOf(metadata, 'namespace'), name])
    : (idOfAwsItem(into, value) ?? JSON.stringify(value ?? null))
}

/** Of one object, higher is later (k8s.io/apimachinery resourceVersion: since 1.35 by contract, before it in fact). */
const versionOf = (value: unknown): number => Number(memberOf(memberOf(value, 'metadata'), 'resourceVersion') ?? 0)

/** Why a listing may lack some of its items; null for a whole one. */
function whyPart(into: string, holdings: readonly Holding[], namespaces: readonly string[]): string | null {
  const more = holdings.find((holding) => holding.more !== null)?.more
  if (more !== undefined && more !== null) return more
  const lists = holdings.filter(({ isList }) => isList)
  if (lists.length === 0) return 'one object in the place of a listing'
  if (!inEveryNamespace.has(into)) return null
  // One answer of kubectl is about one namespace, or about all of them.
  if (lists.some(({ items }) => namespacesOf(items).length > 1)) return null
  const held = new Set(lists.flatMap(({ items, from }) => [...namespacesOf(items), ...namespaceWords(from)]))
  const all = namespaces.length > 0 ? namespaces : everywhere
  if (all.every((name) => held.has(name))) return null
  const seen = [...new Set(lists.flatMap(({ items }) => namespacesOf(items)))].sort()
  return `of namespace ${seen.join(', ') || 'unknown'} alone: write all with \`-A\``
}

const namespacesOf = (items: readonly Found[]): readonly string[] => [
  ...new Set(
    items.flatMap(({ value }) => {
      const namespace = memberOf(memberOf(value, 'metadata'), 'namespace')
      return typeof namespace === 'string' ? namespace : []
    }),
  ),
]

const namesOf = (holdings: readonly Holding[]): readonly string[] =>
  holdings
    .filter(({ isList }) => isList)
    .flatMap(({ items }) =>
      items.flatMap(({ value }) => {
        const name = memberOf(memberOf(value, 'metadata'), 'name')
        return typeof name === 'string' ? name : []
      }),
    )
