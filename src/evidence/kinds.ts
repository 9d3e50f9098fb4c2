import { awsKinds, type AwsKindName } from './ec2/kinds.ts'
import type { Evidence } from './evidence.ts'
import { gap, type Known } from './gap.ts'
import { kubernetesKinds, type KubernetesKindName } from './kubernetes/kinds.ts'
import { nodeKinds, type NodeKindName } from './node/kinds.ts'

type Kebab<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `-${Lowercase<Head>}`}${Kebab<Tail>}`
  : S

/** The name of a kind of evidence as checks declare it: `kubernetes/services`, `aws/route-tables`, `node/iptables-nft`. */
export type EvidenceKind = `kubernetes/${Kebab<KubernetesKindName>}` | `aws/${Kebab<AwsKindName>}` | NodeEvidenceKind
export type NodeEvidenceKind = `node/${Kebab<NodeKindName>}`

type Source =
  | { readonly of: 'kubernetes'; readonly name: KubernetesKindName }
  | { readonly of: 'aws'; readonly name: AwsKindName }
  | { readonly of: 'node'; readonly name: NodeKindName }

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const sources = new Map<string, Source>([
  ...(Object.keys(kubernetesKinds) as KubernetesKindName[]).map((name): [string, Source] => [
    `kubernetes/${kebab(name)}`,
    { of: 'kubernetes', name },
  ]),
  ...(Object.keys(awsKinds) as AwsKindName[]).map((name): [string, Source] => [
    `aws/${kebab(name)}`,
    { of: 'aws', name },
  ]),
  ...(Object.keys(nodeKinds) as NodeKindName[]).map((name): [string, Source] => [
    `node/${kebab(name)}`,
    { of: 'node', name },
  ]),
])

/** Every kind of evidence, sorted. */
export const evidenceKinds: readonly EvidenceKind[] = [...sources.keys()].sort() as EvidenceKind[]

/** What a kind is: a Kubernetes resource, an EC2 listing, or the output of a node. */
export function sourceOf(kind: EvidenceKind): Source {
  const source = sources.get(kind)
  if (source === undefined) throw new TypeError(`there is no kind of evidence ${kind}`)
  return source
}

/** Whether a kind is read from each node, not once from the cluster or the account. */
export const isNodeKind = (kind: EvidenceKind): kind is NodeEvidenceKind => kind.startsWith('node/')

/** Looks up one kind: a value or a gap. `node` is needed for kinds of a node; without one they are a gap. */
export function lookUp(evidence: Evidence, kind: EvidenceKind, node: string | null): Known<unknown> {
  const source = sourceOf(kind)
  if (source.of === 'kubernetes') return evidence.kubernetes[source.name]
  if (source.of === 'aws') return evidence.aws[source.name]
  return node === null
    ? gap(`nodes/*/${nodeKinds[source.name].file}`, 'no node was named')
    : evidence.node(node)[source.name]
}
