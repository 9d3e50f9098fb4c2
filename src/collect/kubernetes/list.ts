import { ask, isRefusal, type Refusal } from './ask.ts'
import type { Cluster } from './cluster.ts'
import type { Shape } from '../../evidence/shape.ts'
import { kept, type JsonObject } from './keep.ts'

export interface Listed {
  /** The list as `kubectl get … -A -o json` prints it, without what is never kept. */
  readonly bytes: Uint8Array
  readonly count: number
}

export interface Resource {
  /** `/api/v1/services`, `/apis/metallb.io/v1beta1/ipaddresspools`. */
  readonly path: string
  readonly apiVersion: string
  readonly kind: string
  /** What is kept of each object; null: all of it but what may hold secrets. */
  readonly shape: Shape | null
}

const pageSize = 500

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
    if (listed !== 'expired') return isRefusal(listed) ? listed : { bytes: printed(listed), count: listed.length }
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
  const texts: Uint8Array[] = []
  let next = ''
  do {
    const query = new URLSearchParams({
      ...(limit === null ? {} : { limit: String(limit) }),
      ...(next === '' ? {} : { continue: next }),
    })
    const reply = await ask(cluster, `${path}${query.size === 0 ? '' : `?${query.toString()}`}`, signal)
    if (isRefusal(reply)) return reply
    if (reply.status === 410) return 'expired' as const
    const page = parsed(reply.body)
    if (page === null)
      return {
        refusal: true,
        reason: `the API server's list of ${path} is no JSON`,
        status: null,
        everywhere: false,
      } as const
    for (const item of page.items ?? []) {
      texts.push(Buffer.from(JSON.stringify(kept(item, kind, apiVersion, shape), null, 4).replace(/^/gm, '        ')))
    }
    next = page.metadata?.continue ?? ''
  } while (next !== '')
  return texts
}

function parsed(body: Buffer): { items?: JsonObject[] | null; metadata?: { continue?: string } } | null {
  try {
    const page: unknown = JSON.parse(body.toString())
    return typeof page === 'object' && page !== null ? page : null
  } catch {
    return null
  }
}

function printed(texts: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('{\n    "apiVersion": "v1",\n    "items": [')]
  texts.forEach((text, index) => {
    parts.push(Buffer.from(index === 0 ? '\n' : ',\n'), text)
  })
  parts.push(
    Buffer.from(
      `${texts.length === 0 ? '' : '\n    '}],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n`,
    ),
  )
  return Buffer.concat(parts)
}
