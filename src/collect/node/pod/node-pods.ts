import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Node } from '../../../evidence/kubernetes/kinds.ts'
import { counted } from '../../../net/words.ts'
import type { Progress } from '../../collection.ts'
import { isRefusal } from '../../kubernetes/ask.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import type { ExecPlace } from '../../kubernetes/exec.ts'
import { limiter } from '../../limiter.ts'
import { podsApi, type PodsApi } from './api.ts'
import { containerName, labels, podManifest } from './manifest.ts'
import { podRefusal } from './refusal.ts'
import { isLeftOver, thisRun } from './run.ts'
import { podState } from './state.ts'

/** Which pods are made, and with how much patience. */
export interface PodsOptions {
  readonly cluster: Cluster
  readonly namespace: string
  readonly image: string
  readonly atOnce: number
  /** How long a pod may take until it runs. */
  readonly startMs: number
  /** How long something may run in it. */
  readonly workMs: number
  /** The cluster's nodes, for what their kubelets last said. */
  readonly nodes: readonly Node[]
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** Why there is no pod on a node, a phrase. */
interface NoPod {
  readonly noPod: string
}

/** Pods on nodes, each there as long as somebody works in it. */
export interface NodePods {
  /** Does something in the pod of a node: it is made for whoever comes first, and deleted when nobody is in it any more. */
  readonly within: <T>(node: string, work: (place: ExecPlace) => Promise<T>) => Promise<T | NoPod>
  /** Deletes whatever this run made and is still there, and waits until it is gone. To be called on every way out. */
  readonly close: () => Promise<void>
}

/** One pod, from its making to its deletion. */
interface Held {
  users: number
  readonly ready: Promise<ExecPlace | NoPod>
  readonly leave: () => void
}

/** What a request that makes a pod is still given after Ctrl-C: given up earlier, nobody can tell whether the pod will be there. */
const lastRequestMs = 5_000
/** How long pods may take to go, before they are removed without waiting for their kubelets; and then. */
const goneMs = 10_000
const removedMs = 5_000

/** Pods by which the nodes of a cluster are worked on: one a node, so many at once. Nothing is made before the first is asked for. */
export function nodePods(options: PodsOptions): NodePods {
  const { namespace, image, nodes, progress, startMs } = options
  const closing = new AbortController()
  const signal = AbortSignal.any([options.signal, closing.signal])
  setMaxListeners(0, signal)
  const run = thisRun()
  const plan = { run, image, lifeSeconds: Math.ceil((startMs + options.workMs) / 1000) + 30 }
  const api = podsApi(options.cluster, namespace)
  const slot = limiter(options.atOnce)
  const held = new Map<string, Held>()
  const lives: Promise<void>[] = []
  const state: { made: number; stop: string | null; cleared: Promise<void> | null } = {
    made: 0,
    stop: null,
    cleared: null,
  }
  const own = sharedListing(api, `${labels.run}=${run}`, signal)

  const clearLeftOvers = async (): Promise<void> => {
    const found = await api.list(`${labels.ours}=vipdoctor`, signal)
    if (isRefusal(found)) {
      state.stop = podRefusal(found, namespace)
      return
    }
    const left = found.filter((pod) => isLeftOver(pod, run, Date.now()))
    await Promise.all(left.map(({ metadata }) => api.remove(metadata?.name ?? '', signal)))
    if (left.length > 0) progress(`pods: ${counted(left.length, 'pod')} of earlier runs deleted in ${namespace}`)
  }

  async function made(name: string, node: string): Promise<ExecPlace | NoPod> {
    await (state.cleared ??= clearLeftOvers())
    const why = signal.aborted ? 'interrupted' : (state.stop ?? silentKubelet(nodes, node))
    if (why !== null) return { noPod: why }
    const refused = await api.create(podManifest(name, node, plan), later(signal, lastRequestMs))
    if (refused === null) return started(name, node)
    const noPod = podRefusal(refused, namespace)
    // The pods differ by their nodes' names only: what refuses one refuses all, and each might take a webhook's patience.
    if (refused.status !== null && refused.status !== 429) state.stop = noPod
    return { noPod }
  }

  async function started(name: string, node: string): Promise<ExecPlace | NoPod> {
    const end = Date.now() + startMs
    let at: string | null = null
    while (Date.now() < end && !signal.aborted) {
      const found = await own()
      if (isRefusal(found)) return { noPod: podRefusal(found, namespace) }
      const pod = found.find(({ metadata }) => metadata?.name === name)
      if (pod === undefined && at !== null) return { noPod: 'its pod was deleted by somebody else' }
      const now = pod === undefined ? null : podState(pod, image)
      if (now?.is === 'running') return { namespace, pod: name, container: containerName }
      if (now?.is === 'failed') return { noPod: now.why }
      at = now?.at ?? null
    }
    if (signal.aborted) return { noPod: 'interrupted' }
    const why = notReady(nodes, node) ?? (await api.lastWarning(name, signal))
    const late = `its pod did not start within ${String(Math.round(startMs / 1000))} s (${at ?? 'it does not show'})`
    return { noPod: why === null ? late : `${late}: ${why}` }
  }

  function hold(node: string): Held {
    let leave: () => void = () => undefined
    const left = new Promise<void>((resolve) => (leave = resolve))
    const ready = new Promise<ExecPlace | NoPod>((resolve) => {
      const life = slot(async () => {
        state.made += 1
        const name = `vipdoctor-${run}-${String(state.made)}`
        const place = await made(name, node)
        resolve(place)
        await left
        await api.remove(name, AbortSignal.timeout(goneMs))
      })
      lives.push(life)
    })
    const pod = { users: 0, ready, leave }
    held.set(node, pod)
    return pod
  }

  return {
    within: async (node, work) => {
      const pod = held.get(node) ?? hold(node)
      pod.users += 1
      try {
        const place = await pod.ready
        return 'noPod' in place ? place : await work(place)
      } finally {
        pod.users -= 1
        if (pod.users === 0) {
          held.delete(node)
          pod.leave()
        }
      }
    },
    close: async () => {
      closing.abort()
      for (const { leave } of held.values()) leave()
      await Promise.all(lives)
      if (state.made === 0) return
      const left = await untilGone(api, `${labels.run}=${run}`)
      if (left === null) return
      const minutes = String(Math.ceil(plan.lifeSeconds / 60))
      const by = `kubectl -n ${namespace} delete pod -l ${labels.run}=${run}`
      progress(`pods: not deleted: ${left}. Delete them: ${by}. Their kubelets end them within ${minutes} min`, true)
    },
  }
}

/** A listing that all who wait for their pods share: twice a second at most. */
function sharedListing(api: PodsApi, selector: string, signal: AbortSignal): () => ReturnType<PodsApi['list']> {
  let current: ReturnType<PodsApi['list']> | null = null
  return () =>
    (current ??= sleep(500)
      .then(() => api.list(selector, signal))
      .finally(() => (current = null)))
}

/** Deletes the pods until none is there. Gives what is left and why, a phrase; null where nothing is. */
async function untilGone(api: PodsApi, selector: string): Promise<string | null> {
  const begun = Date.now()
  const signal = AbortSignal.timeout(goneMs + removedMs)
  for (;;) {
    const left = await api.list(selector, signal)
    if (isRefusal(left)) return `what is left cannot be listed (${left.reason})`
    if (left.length === 0) return null
    const how = Date.now() - begun > goneMs ? 'now' : undefined
    const due = left.filter(({ metadata }) => how === 'now' || metadata?.deletionTimestamp === undefined)
    const refused = await Promise.all(due.map(({ metadata }) => api.remove(metadata?.name ?? '', signal, how)))
    const why = refused.find((one) => one !== null)?.reason
    if (why !== undefined) return `${counted(left.length, 'pod')} (${why})`
    await sleep(300)
  }
}

/** Aborts so long after another signal did. */
function later(signal: AbortSignal, ms: number): AbortSignal {
  const stop = new AbortController()
  const wait = (): void => {
    setTimeout(() => {
      stop.abort()
    }, ms).unref()
  }
  if (signal.aborted) wait()
  else signal.addEventListener('abort', wait, { once: true })
  return stop.signal
}

const readyOf = (nodes: readonly Node[], name: string) =>
  nodes.find(({ metadata }) => metadata?.name === name)?.status?.conditions?.find(({ type }) => type === 'Ready')

/** Why no pod would start: the kubelet has fallen silent, and the cluster has noticed. One that only reports a fault may still start it. */
function silentKubelet(nodes: readonly Node[], name: string): string | null {
  const ready = readyOf(nodes, name)
  return ready?.status === 'Unknown'
    ? `the node is not ready, so no pod would start there: ${(ready.message ?? 'its kubelet is silent').replace(/\.$/, '')}`
    : null
}

function notReady(nodes: readonly Node[], name: string): string | null {
  const ready = readyOf(nodes, name)
  return ready === undefined || ready.status === 'True'
    ? null
    : `the node is not ready: ${(ready.message ?? 'its kubelet does not say why').replace(/\.$/, '')}`
}
