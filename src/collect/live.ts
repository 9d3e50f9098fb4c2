import { setMaxListeners } from 'node:events'
import { evidenceOf, type Evidence } from '../evidence/evidence.ts'
import { readManifest } from '../evidence/manifest.ts'
import { asMetallbReads } from '../lb/metallb/config-map.ts'
import { memoryStore } from '../evidence/store.ts'
import { emptyCollection, sealed, type Collection, type Progress } from './collection.ts'
import { readAccount } from './ec2/read-account.ts'
import { openCluster, type ClusterOptions } from './kubernetes/cluster.ts'
import { readCluster } from './kubernetes/read-cluster.ts'
import { hintsOf, looksLikeEc2, nodesIn, targetsOf, thisNode, type NodeAddress } from './node-hints.ts'
import type { NodeOutput } from './node/frames.ts'
import { readNodes } from './node/read-nodes.ts'
import { localTransport, sshTransport, type SshOptions } from './node/transport.ts'
import type { Wanted } from './wanted.ts'

export interface LiveOptions {
  readonly cluster: ClusterOptions
  /** `never` on a LAN; `maybe`: where the nodes look like EC2 instances; `now`: credentials are there, so ask at once; `asked`: the user wants it. */
  readonly account: {
    readonly when: 'never' | 'maybe' | 'now' | 'asked'
    readonly region: string | null
    readonly profile: string | null
    readonly vpcId: string | null
  }
  readonly nodes: {
    readonly how: 'local' | 'ssh' | 'none'
    readonly ssh: SshOptions
    readonly by: NodeAddress
    /** Of the cluster's nodes those to read, judged by what was read before; null: all of them. */
    readonly choose: ((evidence: Evidence) => readonly string[]) | null
    readonly atOnce: number
    /** What the node script printed on nodes where the user ran it by hand. */
    readonly given: ReadonlyMap<string, NodeOutput>
  }
  readonly wanted: Wanted
  readonly tool: string
  readonly now: () => Date
  readonly signal: AbortSignal
  readonly progress: Progress
  readonly timeouts: { readonly kubernetesMs: number; readonly awsMs: number; readonly nodeMs: number }
}

/** Closed files, as a bundle holds them, and when they were read. */
export interface LiveFiles {
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
  const askAccount = (): Promise<Collection> =>
    readAccount({
      ...options.account,
      wanted: wanted.aws,
      nodes: hints,
      signal,
      progress,
      requestTimeoutMs: timeouts.awsMs,
    })
  const { when } = options.account
  const early = when === 'asked' || when === 'now' ? askAccount() : null
  // Nobody waits for it yet; if the kubeconfig is unusable, that error is the one to show.
  early?.catch(() => undefined)

  let kubernetes: Collection
  try {
    const cluster = await openCluster(options.cluster, { signal, timeoutMs: timeouts.kubernetesMs })
    kubernetes = await readCluster(cluster, { kinds: wanted.kubernetes, signal, progress, onNodes: nodesKnown.resolve })
    cluster.close()
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
  addAll(merged, await readChosenNodes({ ...options, signal }, merged, nodes, time))
  return { files: sealed(merged, { time, tool: options.tool }), time }
}

async function readChosenNodes(
  { nodes: how, signal, progress, timeouts, tool }: LiveOptions,
  before: Collection,
  nodes: ReturnType<typeof nodesIn>,
  time: string,
): Promise<Collection> {
  const collection = emptyCollection()
  for (const [node, output] of how.given) addNode(collection, node, output)
  if (how.how === 'none') return collection
  const chosen = how.choose === null ? null : new Set(how.choose(evidenceOver(sealed(before, { time, tool }))))
  const targets =
    how.how === 'local'
      ? [thisNode(nodes)]
      : targetsOf(nodes, how.by).filter(({ node }) => (chosen === null || chosen.has(node)) && !how.given.has(node))
  let failed = 0
  await readNodes(targets, {
    transport: how.how === 'local' ? localTransport : sshTransport(how.ssh),
    signal,
    atOnce: how.atOnce,
    timeoutMs: timeouts.nodeMs,
    onNode: (node, output, read) => {
      addNode(collection, node, output)
      if (output.files.size === 0) failed += 1
      const [why = 'it gave no output'] = output.gaps.values()
      if (output.files.size === 0) progress(`nodes: nothing could be read from ${node}: ${why}`, true)
      else
        progress(
          `nodes: ${String(read)} of ${String(targets.length)} read${failed === 0 ? '' : `, ${String(failed)} failed`}`,
        )
    },
  })
  return collection
}

/** Evidence over closed files: what a check of a bundle with the same files would judge. */
export const evidenceOver = (files: ReadonlyMap<string, Uint8Array>): Evidence => {
  const store = memoryStore(files)
  return asMetallbReads(evidenceOf(store, readManifest(store, 'The collected evidence')))
}

function addNode(collection: Collection, node: string, { files, gaps }: NodeOutput): void {
  for (const [name, bytes] of files) collection.files.set(`nodes/${node}/${name}`, bytes)
  for (const [name, reason] of gaps) collection.gaps.set(`nodes/${node}/${name}`, reason)
}

function addAll(to: Collection, from: Collection): void {
  for (const [path, bytes] of from.files) to.files.set(path, bytes)
  for (const [path, reason] of from.gaps) to.gaps.set(path, reason)
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
