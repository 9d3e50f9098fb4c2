import { kubernetesKinds, type KubernetesKindName } from '../../evidence/kubernetes/kinds.ts'
import { conform, type Shape, type Shaped } from '../../evidence/shape.ts'
import { ask, isRefusal, type Refusal } from './ask.ts'
import type { Cluster } from './cluster.ts'
import type { Resource } from './list.ts'

/** Where each asked kind is served; null where its definition is not installed. */
export type Served = ReadonlyMap<KubernetesKindName, Resource | Refusal | null>

interface Version {
  readonly version: string
  readonly resources: readonly string[]
}

const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

/** Every built-in kind that we read is v1 since Kubernetes 1.21 (discovery.k8s.io was the last). */
const builtInVersion = 'v1'

/** Asks the API server which of the custom resources it has, and in which version it prefers them; kubectl takes the same one. */
export async function discover(
  cluster: Cluster,
  kinds: readonly KubernetesKindName[],
  signal: AbortSignal,
): Promise<Served> {
  const served = new Map<KubernetesKindName, Resource | Refusal | null>()
  const custom = kinds.filter((name) => kubernetesKinds[name].custom)
  const groups = custom.length === 0 ? new Map<string, readonly Version[]>() : await readGroups(cluster, custom, signal)
  for (const name of kinds) {
    const { group, plural, custom: isCustom } = kubernetesKinds[name]
    if (!isCustom) served.set(name, resource(name, builtInVersion))
    else if (isRefusal(groups)) served.set(name, groups)
    else {
      const found = groups.get(group)?.find(({ resources }) => resources.includes(plural))
      served.set(name, found === undefined ? null : resource(name, found.version))
    }
  }
  return served
}

function resource(name: KubernetesKindName, version: string): Resource {
  const { group, plural, kind, custom, shape: whole } = kubernetesKinds[name]
  // Pods say how programs are started, and a custom resource may hold anything: a rendered frr.conf with its passwords.
  const shape = custom || name === 'pods' || name === 'daemonsets' || name === 'deployments' ? whole : null
  return group === ''
    ? { path: `/api/${version}/${plural}`, apiVersion: version, kind, shape }
    : { path: `/apis/${group}/${version}/${plural}`, apiVersion: `${group}/${version}`, kind, shape }
}

/** What `/apis` answers: with aggregated discovery items, before Kubernetes 1.26 groups. */
const groupDiscovery = {
  items: [{ metadata: { name: 'string' }, versions: [{ version: 'string', resources: [{ resource: 'string' }] }] }],
  groups: [{ name: 'string', preferredVersion: { version: 'string' }, versions: [{ version: 'string' }] }],
} as const
const resourceList = { resources: [{ name: 'string' }] } as const

/** The versions of each wanted group, the preferred one first, each with its resources. */
async function readGroups(
  cluster: Cluster,
  custom: readonly KubernetesKindName[],
  signal: AbortSignal,
): Promise<Map<string, readonly Version[]> | Refusal> {
  const reply = await ask(cluster, '/apis', signal, aggregated)
  if (isRefusal(reply)) return reply
  const answer = parsed(reply.body, groupDiscovery)
  if (answer?.items === undefined && answer?.groups === undefined) {
    return {
      refusal: true,
      reason: "the API server's list of API groups is none",
      status: reply.status,
      everywhere: false,
    }
  }
  const groups = new Map<string, readonly Version[]>()
  for (const { metadata, versions = [] } of answer.items ?? []) {
    groups.set(
      metadata?.name ?? '',
      versions.map(({ version = '', resources = [] }) => ({
        version,
        resources: resources.map((one) => one.resource ?? ''),
      })),
    )
  }
  // API servers before 1.26 list groups only: their resources are asked for version by version.
  const wanted = new Set(custom.map((name) => kubernetesKinds[name].group))
  for (const { name = '', preferredVersion, versions = [] } of answer.groups ?? []) {
    if (!wanted.has(name)) continue
    const order = [...new Set([preferredVersion?.version, ...versions.map(({ version }) => version)])].filter(
      (version) => version !== undefined,
    )
    const all: Version[] = []
    for (const version of order) {
      const listed = await ask(cluster, `/apis/${name}/${version}`, signal)
      if (isRefusal(listed)) return listed
      const list = parsed(listed.body, resourceList)
      all.push({ version, resources: (list?.resources ?? []).map((one) => one.name ?? '') })
    }
    groups.set(name, all)
  }
  return groups
}

function parsed<const S extends Shape>(body: Buffer, shape: S): Shaped<S> | null {
  try {
    const read = conform(JSON.parse(body.toString()), shape)
    return 'value' in read ? read.value : null
  } catch {
    return null
  }
}
