import { isRefusal, request, type Refusal } from '../../kubernetes/ask.ts'
import type { Cluster, Reply } from '../../kubernetes/cluster.ts'
import { pageIn } from '../../kubernetes/list.ts'
import type { PodSeen } from './state.ts'

/** The four requests about pods of one namespace. Each is sent until `signal` aborts; none rejects. */
export interface PodsApi {
  readonly create: (manifest: object, signal: AbortSignal) => Promise<Refusal | null>
  readonly list: (selector: string, signal: AbortSignal) => Promise<readonly PodSeen[] | Refusal>
  /** Deletes a pod; one that is not there is deleted. `now`: also where its kubelet does not answer. */
  readonly remove: (name: string, signal: AbortSignal, how?: 'now') => Promise<Refusal | null>
  /** What the kubelet last complained of about a pod; null where it did not, or its events may not be listed. */
  readonly lastWarning: (name: string, signal: AbortSignal) => Promise<string | null>
}

/** The requests about pods in one namespace. An answer that is not 2xx is a refusal with the server’s own words. */
export function podsApi(cluster: Cluster, namespace: string): PodsApi {
  const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
  const ask = (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body: object | null,
    signal: AbortSignal,
  ): Promise<Reply | Refusal> =>
    request(cluster, { method, path: `${base}${path}`, accept: 'application/json', body, signal }, signal)
  const items = async <T>(path: string, signal: AbortSignal): Promise<readonly T[] | Refusal> => {
    const reply = await ask('GET', path, null, signal)
    if (isRefusal(reply)) return reply
    const page = pageIn(reply.body)
    return typeof page === 'string'
      ? { refusal: true, reason: `the API server's list of ${path} ${page}`, status: null, everywhere: false }
      : (page.items as readonly T[])
  }
  return {
    create: async (manifest, signal) => {
      const reply = await ask('POST', '/pods', manifest, signal)
      // A connection that broke after the pod was made: the name is ours alone.
      return isRefusal(reply) && reply.status !== 409 ? reply : null
    },
    list: (selector, signal) => items<PodSeen>(`/pods?labelSelector=${encodeURIComponent(selector)}`, signal),
    remove: async (name, signal, how) => {
      const reply = await ask('DELETE', `/pods/${name}`, how === 'now' ? { gracePeriodSeconds: 0 } : null, signal)
      return isRefusal(reply) && reply.status !== 404 ? reply : null
    },
    lastWarning: async (name, signal) => {
      const about = encodeURIComponent(`involvedObject.name=${name},type=Warning`)
      const events = await items<{ readonly message?: string }>(`/events?fieldSelector=${about}`, signal)
      return isRefusal(events) ? null : (events.at(-1)?.message?.trim().replace(/\.$/, '').slice(0, 300) ?? null)
    },
  }
}
