import { kubernetesFile, kubernetesKinds, type KubernetesKindName } from '../kubernetes/kinds.ts'

const names = Object.keys(kubernetesKinds) as KubernetesKindName[]

const byKind = new Map(names.map((name) => [`${kubernetesKinds[name].group}/${kubernetesKinds[name].kind}`, name]))

/** The file of a bundle for objects of a kind; null where nobody reads them. The version does not count, as in the names of a bundle. */
export function fileOfKind(apiVersion: unknown, kind: unknown): string | null {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return null
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const name = byKind.get(`${group}/${kind}`)
  return name === undefined ? null : kubernetesFile(name)
}

/** `pods` and `pods.core`-less names of core kinds, `leases.coordination.k8s.io` and `leases` of the others. */
const byPlural = new Map(
  names.flatMap((name): (readonly [string, KubernetesKindName])[] => {
    const { plural, group, custom } = kubernetesKinds[name]
    return [...(custom ? [] : [[plural, name] as const]), [group === '' ? plural : `${plural}.${group}`, name] as const]
  }),
)

/** The same for a list whose items do not say their kind, by the name of its file or folder: `services.json`, `cluster-resources/pods/default.json`. */
export function fileOfName(path: string): string | null {
  const [file = '', folder = ''] = path.split('/').reverse()
  const name = byPlural.get(stem(file)) ?? byPlural.get(folder)
  return name === undefined ? null : kubernetesFile(name)
}

/** Words by which a file may name the namespace of its objects: its own name, and its folder's. */
export function namespaceWords(path: string): readonly string[] {
  const [file = '', folder = ''] = path.split('/').reverse()
  return [stem(file), folder]
}

const stem = (file: string): string => file.replace(/\.(?:json|ya?ml)$/, '')

/** The kinds whose listings have a namespace each, of which one alone proves nothing about the others; by their file. */
export const inEveryNamespace: ReadonlySet<string> = new Set(
  names.filter((name) => kubernetesKinds[name].namespaced && !kubernetesKinds[name].custom).map(kubernetesFile),
)

/** Namespaces that every cluster has (k8s.io/kubernetes pkg/controlplane): a dump that has all of them was one of all namespaces. */
export const everywhere: readonly string[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease']
