import { ask, isRefusal, type Refusal } from './ask.ts'
import type { Cluster } from './cluster.ts'
import type { Shape } from '../../evidence/shape.ts'
import { kept, type JsonObject } from './keep.ts'

/** A list that was read to its end; `count` is of its items. */
export interface Listed {
  /** The list as `kubectl get … -A -o json` prints it, without what is never kept. */
  readonly bytes: Uint8Array
  readonly count: number
}

/** A list that can be asked for, and of which kind its items are. */
export interface Resource {
  /** `/api/v1/services`, `/apis/metallb.io/v1beta1/ipaddresspools`. */
  readonly path: string
  readonly apiVersion: string
  readonly kind: string
  /** What is kept of each object; null: all of it but what may hold secrets. */
  readonly shape: Shape | null
}

const pageSize = 500
/** A million objects: more than any cluster has of one kind. A server that goes on is not believed. */
const mostPages = 2000

/**
 * Lists a resource of the whole cluster, page by page; of each page only what is kept stays in memory. A list that changes under the
 * reading so much that its next page has expired (410) is begun again, the last time in one piece, as kubectl does.
 */
export async function listResource(
  cluster: Cluster,
  resource: Resource,
  signal: AbortSignal,
): Promise<Listed | Refusal> {
  for (let limit: number | null = pageSize, begun = 1; ; begun += 1) {
    const listed = await readPages(cluster, resource, limit, signal)
    if (listed !== 'expired') return isRefusal(listed) ? listed : { bytes: printed(listed.pages), count: listed.count }
    if (limit === null)
      return {
        refusal: true,
        reason: 'the list kept expiring while it was read (410 Gone)',
        status: 410,
        everywhere: false,
      }
    if (begun === 2) limit = null
  }
}

async function readPages(
  cluster: Cluster,
  { path, apiVersion, kind, shape }: Resource,
  limit: number | null,
  signal: AbortSignal,
) {
  const pages: Uint8Array[] = []
  let count = 0
  const seen = new Set<string>()
  for (let next = ''; ;) {
    const query = new URLSearchParams({
      ...(limit === null ? {} : { limit: String(limit) }),
      ...(next === '' ? {} : { continue: next }),
    })
    const reply = await ask(cluster, `${path}${query.size === 0 ? '' : `?${query.toString()}`}`, signal)
    if (isRefusal(reply)) return reply
    if (reply.status === 410) return 'expired' as const
    const page = pageIn(reply.body)
    if (typeof page === 'string') return unlisted(`the API server's list of ${path} ${page}`)
    try {
      // A list that comes in one piece is printed in as many as any other: no text is longer than V8 has them.
      for (let from = 0; from < page.items.length; from += pageSize)
        pages.push(
          membersOf(page.items.slice(from, from + pageSize).map((item) => kept(item, kind, apiVersion, shape))),
        )
      count += page.items.length
    } catch (error) {
      // JSON.parse takes any depth, and nothing else does.
      if (!(error instanceof RangeError)) throw error
      return unlisted(`the API server's list of ${path} has an object that is nested too deep`)
    }
    next = page.next
    if (next === '') return { pages, count }
    if (seen.has(next))
      return unlisted(`the API server's list of ${path} goes round: a page says again what comes next`)
    if (seen.add(next).size >= mostPages)
      return unlisted(`the API server's list of ${path} has no end: ${String(mostPages)} pages were read`)
  }
}

const unlisted = (reason: string): Refusal => ({ refusal: true, reason, status: null, everywhere: false })

/** The objects of a page and the token of the next one, empty where there is none; a phrase for what is no page. */
export function pageIn(body: Buffer): { readonly items: readonly JsonObject[]; readonly next: string } | string {
  let page: unknown
  try {
    page = JSON.parse(body.toString())
  } catch {
    return 'is no JSON'
  }
  if (!isObject(page)) return 'is no JSON object'
  const { items, metadata } = page
  // Go writes a list of nothing as [] or null, and never leaves it out.
  const all = items === null ? [] : items
  if (!Array.isArray(all) || !all.every(isObject)) return 'has no list of objects'
  const next = isObject(metadata) ? metadata.continue : ''
  return { items: all, next: typeof next === 'string' ? next : '' }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects as they stand among the items of a list that is printed with four blanks a level. */
const membersOf = (items: readonly JsonObject[]): Uint8Array =>
  Buffer.from(JSON.stringify([items], null, 4).slice('[\n    [\n'.length, -'\n    ]\n]'.length))

function printed(pages: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('{\n    "apiVersion": "v1",\n    "items": [')]
  pages.forEach((page, index) => {
    parts.push(Buffer.from(index === 0 ? '\n' : ',\n'), page)
  })
  parts.push(
    Buffer.from(
      `${pages.length === 0 ? '' : '\n    '}],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n`,
    ),
  )
  return Buffer.concat(parts)
}
