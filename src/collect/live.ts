import { setMaxListeners } from 'node:events'
import type { Evidence } from '../evidence/evidence.ts'
import { memoryStore } from '../evidence/store.ts'
import { readChosenNodes, type ChosenNodes } from './chosen-nodes.ts'
import { addAll, emptyCollection, sealed, type Collection, type Progress } from './collection.ts'
import { readAccount } from './ec2/read-account.ts'
import { evidenceIn } from './evidence-in.ts'
import { openCluster, type Cluster, type ClusterOptions } from './kubernetes/cluster.ts'
import { toldWhileWaiting } from './kubernetes/waiting.ts'
import { readCluster } from './kubernetes/read-cluster.ts'
import { hintsOf, looksLikeEc2, nodesIn } from './node-hints.ts'
import type { ProxyFor } from '../net/proxy.ts'
import type { Wanted } from './wanted.ts'

/** What is read of a live cluster, from which sources, and by which way. */
export interface LiveOptions {
  readonly cluster: ClusterOptions
  /** `never` on a LAN; `maybe`: where the nodes look like EC2 instances; `now`: credentials are there, so ask at once; `asked`: the user wants it. */
  readonly account: {
    readonly when: 'never' | 'maybe' | 'now' | 'asked'
    readonly region: string | null
    readonly profile: string | null
    readonly vpcId: string | null
    readonly proxyFor?: ProxyFor
  }
  readonly nodes: ChosenNodes
  /** An earlier reading, of which some sources are not asked again. */
  readonly kept: { readonly of: LiveFiles; readonly sources: readonly KeptSource[] } | null
  readonly wanted: Wanted
  readonly tool: string
  readonly now: () => Date
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly timeouts: { readonly kubernetesMs: number; readonly awsMs: number; readonly nodeMs: number }
}

/** The sources that can be kept of an earlier reading. */
export type KeptSource = 'aws' | 'nodes'

/** Closed files, as a bundle holds them, and when they were read; `collected` is what they were made of. */
export interface LiveFiles {
  readonly collected: Collection
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly time: string
}

/**
 * Reads a live cluster, its account and its nodes into the files of a bundle. The account is asked before the Kubernetes client is loaded,
 * so that one import overlaps the other's waiting. Whatever a source refuses is a gap; only what the user must change throws.
 *
 * @throws UserError where there is no usable kubeconfig.
 */
export async function readLive(options: LiveOptions): Promise<LiveFiles> {
  const { progress, wanted, timeouts } = options
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  // Every request in flight listens to it, and there may be many.
  setMaxListeners(0, signal)
  const nodesKnown = deferred<Uint8Array | null>()
  const hints = nodesKnown.promise.then((file) => hintsOf(nodesIn(file)))
  const askAccount = async (): Promise<Collection> =>
    keptOf(options.kept, 'aws') ??
    (await readAccount({
      ...options.account,
      wanted: wanted.aws,
      nodes: hints,
      signal,
      progress,
      requestTimeoutMs: timeouts.awsMs,
    }))
  const { when } = options.account
  const early = when === 'asked' || when === 'now' ? askAccount() : null
  // Nobody waits for it yet; if the kubeconfig is unusable, that error is the one to show.
  early?.catch(() => undefined)

  let cluster: Cluster
  let kubernetes: Collection
  try {
    const opened = await openCluster(options.cluster, { signal, timeoutMs: timeouts.kubernetesMs })
    cluster = toldWhileWaiting(opened, progress, () => options.now().getTime())
    kubernetes = await readCluster(cluster, { kinds: wanted.kubernetes, signal, progress, onNodes: nodesKnown.resolve })
  } catch (error) {
    failed.abort()
    throw error
  } finally {
    nodesKnown.resolve(null)
  }
  // Leases are judged against this moment, at which they were listed; reading nodes may take minutes more.
  const time = options.now().toISOString()
  const nodes = nodesIn(await nodesKnown.promise)
  const ec2 = looksLikeEc2(nodes)
  const account = await (early ?? (when === 'maybe' && ec2 ? askAccount() : Promise.resolve(emptyCollection())))
  // Credentials for an account that has nothing to do with this cluster say nothing about it.
  const stranger = when === 'now' && !ec2 && ![...account.files.keys()].some((file) => file.startsWith('aws/describe-'))
  if (stranger) progress(`aws: left out: ${[...account.gaps.values()][0] ?? 'nothing was read'}`, true)

  const merged = emptyCollection()
  addAll(merged, kubernetes)
  if (!stranger) addAll(merged, account)
  const seal = { time, tool: options.tool }
  // A pod that is listened in lives as long as that takes.
  const workMs = Math.max(timeouts.nodeMs, (options.nodes.hear?.seconds ?? 0) * 1000)
  const known = { cluster, nodes, evidence: () => evidenceOver(sealed(merged, seal)), signal, progress, workMs }
  addAll(merged, keptOf(options.kept, 'nodes') ?? (await readChosenNodes(options.nodes, known)))
  cluster.close()
  return { files: sealed(merged, seal), time, collected: merged }
}

/** Evidence over closed files: what a check of a bundle with the same files would judge. */
export const evidenceOver = (files: ReadonlyMap<string, Uint8Array>): Evidence =>
  evidenceIn(memoryStore(files), 'The collected evidence')

/** Whoever reads nodes listens on them, too. */
const folders: Readonly<Record<KeptSource, readonly string[]>> = { aws: ['aws'], nodes: ['nodes', 'captures'] }

/** What an earlier reading has of a source that is not asked again; null where it is. */
function keptOf(kept: LiveOptions['kept'], source: KeptSource): Collection | null {
  if (kept?.sources.includes(source) !== true) return null
  const ofSource = <T>(from: ReadonlyMap<string, T>) =>
    new Map([...from].filter(([file]) => folders[source].includes(file.split('/')[0] ?? '')))
  return { files: ofSource(kept.of.collected.files), gaps: ofSource(kept.of.collected.gaps) }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
