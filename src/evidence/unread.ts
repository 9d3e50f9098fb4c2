import { awsFile, awsKinds, awsListsById, type AwsKindName } from './ec2/kinds.ts'
import { gap, isGap, type Gap, type Known } from './gap.ts'
import { kubernetesFile, kubernetesKinds, type KubernetesKindName } from './kubernetes/kinds.ts'
import { nodeKinds } from './node/kinds.ts'
import type { Store } from './store.ts'

/** Files of the layout that are no listing of a kind. */
const others = ['kubernetes/version.json', 'aws/region.txt', 'aws/caller-identity.json']

const known: ReadonlySet<string> = new Set([
  ...others,
  ...(Object.keys(kubernetesKinds) as KubernetesKindName[]).map(kubernetesFile),
  ...(Object.keys(awsKinds) as AwsKindName[]).map(awsFile),
])
const byId = Object.values(awsListsById).map(({ file }) => file('').replace('.json', ''))
const ofNodes: ReadonlySet<string> = new Set([...Object.values(nodeKinds).map(({ file }) => file), 'cni-conf'])

/** Whether a file is called as one of a bundle that is read by its name. */
export const isNamedAsInBundle = (path: string): boolean =>
  path === 'bundle.json' || known.has(path) || byId.some((start) => path.startsWith(start))

export const notRead = (path: string): Gap => gap(path, 'not read: no file of a bundle is called so (docs/bundle.md)')

/** As many are named; more are counted. */
const most = 20

/** An answer of kubectl or aws whose name says nothing is told by what it holds. */
const isAnswer = (path: string): boolean => /\.(?:json|ya?ml)$/.test(path)

/**
 * What lies in the folders of a bundle and nobody reads, by its name; and folders of nodes that no Node is called by. Of files at other places
 * `loose/` says the same.
 */
export function unreadFiles(
  store: Store,
  nodes: Known<readonly { readonly metadata?: { readonly name?: string | undefined } | undefined }[]>,
): readonly Gap[] {
  const listings = ['kubernetes', 'aws'].flatMap((folder) =>
    store
      .list(folder)
      .map((name) => `${folder}/${name}`)
      .filter((path) => !isNamedAsInBundle(path) && !isAnswer(path)),
  )
  const printed = store.list('nodes').flatMap((node) =>
    store
      .list(`nodes/${node}`)
      .filter((name) => !ofNodes.has(name))
      .map((name) => `nodes/${node}/${name}`),
  )
  const unread = [...listings, ...printed]
  const names = isGap(nodes) || nodes.length === 0 ? null : new Set(nodes.map(({ metadata }) => metadata?.name))
  const strangers = names === null ? [] : store.list('nodes').filter((node) => !names.has(node))
  return [
    ...unread.slice(0, most).map(notRead),
    ...(unread.length > most
      ? [gap(`${unread[most] ?? ''} …`, `not read, like ${String(unread.length - most - 1)} more files`)]
      : []),
    ...strangers.slice(0, most).map((node) => gap(`nodes/${node}`, 'is called as no Node of the cluster')),
  ]
}
