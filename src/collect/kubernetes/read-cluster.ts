import { kubernetesFile, kubernetesKinds, type KubernetesKindName } from '../../evidence/kubernetes/kinds.ts'
import { emptyCollection, jsonBytes, type Collection, type Progress } from '../collection.ts'
import { limiter } from '../limiter.ts'
import { counted } from '../../net/words.ts'
import { ask, isRefusal, type Refusal } from './ask.ts'
import type { Cluster } from './cluster.ts'
import { discover } from './discovery.ts'
import { listResource } from './list.ts'

/** What is to be read of a cluster. */
export interface ClusterQuestion {
  readonly kinds: readonly KubernetesKindName[]
  readonly signal: AbortSignal
  readonly progress: Progress
  /** Called with `nodes.json` as soon as it is there, null where it could not be read: other sources wait for it. */
  readonly onNodes: (file: Uint8Array | null) => void
}

const versionFile = 'kubernetes/version.json'

/**
 * Lists the asked kinds of a whole cluster. A kind that may not be listed is a gap that names the rule it needs; a custom resource whose
 * definition is not installed is neither a file nor a gap. Never rejects for what the API server says.
 */
export async function readCluster(
  cluster: Cluster,
  { kinds, signal, progress, onNodes }: ClusterQuestion,
): Promise<Collection> {
  const collection = emptyCollection()
  const { files, gaps } = collection
  const atOnce = limiter(6)
  const state: { stop: Refusal | null } = { stop: null }
  let read = 0

  const readKind = (
    name: KubernetesKindName,
    find: () => Promise<Awaited<ReturnType<typeof discover>>>,
  ): Promise<void> =>
    atOnce(async () => {
      const file = kubernetesFile(name)
      const resource = state.stop ?? (await find()).get(name) ?? null
      const listed =
        resource === null || isRefusal(resource)
          ? resource
          : (state.stop ?? (await listResource(cluster, resource, signal)))
      // Not found: the definition went away since it was discovered.
      if (listed !== null && isRefusal(listed) && listed.status !== 404) {
        if (listed.everywhere) state.stop ??= listed
        gaps.set(file, listed.status === 403 ? forbidden(name) : listed.reason)
      } else if (listed !== null && !isRefusal(listed)) {
        files.set(file, listed.bytes)
        read += 1
        progress(
          `kubernetes: ${String(listed.count)} ${kubernetesKinds[name].plural} read (${String(read)} of ${String(kinds.length)} kinds)`,
        )
      }
      if (name === 'nodes') onNodes(files.get(file) ?? null)
    })

  const builtIn = (['nodes', ...kinds.filter((name) => name !== 'nodes')] as KubernetesKindName[]).filter(
    (name) => kinds.includes(name) && !kubernetesKinds[name].custom,
  )
  const custom = kinds.filter((name) => kubernetesKinds[name].custom)
  if (!kinds.includes('nodes')) onNodes(null)
  // The nodes come first and alone: if the API server cannot be reached at all, one request finds that out.
  const [first, ...rest] = builtIn
  const known = discover(cluster, builtIn, signal)
  if (first !== undefined) await readKind(first, () => known)
  const discovered =
    state.stop === null && custom.length > 0 ? discover(cluster, custom, signal) : Promise.resolve(new Map())
  await Promise.all([
    ...rest.map((name) => readKind(name, () => known)),
    ...custom.map((name) => readKind(name, () => discovered)),
    readVersion(cluster, signal, collection, () => state.stop),
  ])
  const refused = [...gaps.keys()].filter((file) => file !== versionFile).length
  const none = kinds.length - read - refused
  const failed = refused === 0 ? '' : `, ${String(refused)} could not be read`
  progress(`kubernetes: ${counted(read, 'kind')} read${none === 0 ? '' : `, ${String(none)} not installed`}${failed}`)
  return collection
}

async function readVersion(
  cluster: Cluster,
  signal: AbortSignal,
  { files, gaps }: Collection,
  stopped: () => Refusal | null,
): Promise<void> {
  const reply = stopped() ?? (await ask(cluster, '/version', signal))
  if (isRefusal(reply)) {
    gaps.set(versionFile, reply.reason)
    return
  }
  try {
    files.set(versionFile, jsonBytes({ serverVersion: JSON.parse(reply.body.toString()) as unknown }))
  } catch {
    gaps.set(versionFile, "the API server's version is no JSON")
  }
}

/** The reason of a 403, with the rule that would allow it. */
function forbidden(name: KubernetesKindName): string {
  const { group, plural } = kubernetesKinds[name]
  const rule = `apiGroups: [${JSON.stringify(group)}], resources: [${JSON.stringify(plural)}], verbs: ["list"]`
  return `listing ${plural} in the whole cluster is forbidden (403); the ClusterRole rule is {${rule}}`
}
