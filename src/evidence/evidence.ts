import { awsKinds, awsListsById, type AwsItem, type AwsKindName } from './ec2/kinds.ts'
import { citeLine, type Proof } from './cite.ts'
import { gap, isGap, type Gap, type Known } from './gap.ts'
import { readText } from './json.ts'
import { readSlices } from './kubernetes/endpoints.ts'
import { kubernetesKinds, type KubernetesKindName, type KubernetesObject } from './kubernetes/kinds.ts'
import { readAws, readKubernetes, readObject } from './listing.ts'
import type { Manifest } from './manifest.ts'
import { nodeKinds, readNode, type NodeKindName, type NodeValue } from './node/kinds.ts'
import type { Shaped } from './shape.ts'
import type { Store } from './store.ts'
import { textFile, type TextFile } from './text-file.ts'

type KubernetesEvidence = { readonly [K in KubernetesKindName]: Known<readonly KubernetesObject<K>[]> }

type AwsEvidence = { readonly [K in AwsKindName]: Known<readonly AwsItem<K>[]> } & {
  /** Whether anything was asked of an account at all; false on a LAN. */
  readonly asked: boolean
  readonly region: Known<string>
  readonly callerIdentity: Known<{ readonly Account?: string | undefined; readonly Arn?: string | undefined }>
  readonly cidrReservations: (subnetId: string) => Known<CidrReservations>
  readonly prefixListEntries: (prefixListId: string) => Known<PrefixListEntries>
}
type CidrReservations = Shaped<(typeof awsListsById)['cidrReservations']['shape']>
type PrefixListEntries = Shaped<(typeof awsListsById)['prefixListEntries']['shape']>

/** What was read from one node: each kind a value or a gap. */
export type NodeEvidence = { readonly [K in NodeKindName]: Known<NodeValue<K>> } & {
  readonly name: string
  /** Whether anything was read from this node. */
  readonly seen: boolean
  /** Files of `/etc/cni/net.d` that were read, by name. */
  readonly cniConfFiles: ReadonlyMap<string, Known<TextFile>>
}

/**
 * All that is known, immutable. Each property is read on first use, synchronously, and is a frozen value or a gap from then on.
 * It comes from a bundle or from a live collection; nothing here tells which.
 */
export interface Evidence {
  /** When the evidence was gathered (RFC 3339): ages are measured against it. A gap where the manifest does not say. */
  readonly time: Known<string>
  readonly kubernetes: KubernetesEvidence
  readonly aws: AwsEvidence
  /** The nodes from which something was read, sorted. */
  readonly nodeNames: readonly string[]
  readonly node: (name: string) => NodeEvidence
  /** Gaps that the collection itself recorded. */
  readonly recordedGaps: readonly Gap[]
  readonly store: Store
}

/** Evidence over the files of a store. */
export function evidenceOf(store: Store, manifest: Manifest): Evidence {
  const recorded = new Map(manifest.gaps.map(({ source, reason }) => [source, reason]))
  const explained: Store = { ...store, read: (path) => withRecordedReason(store.read(path), recorded) }
  const nodes = new Map<string, NodeEvidence>()
  const nodeNames = store.list('nodes')
  return {
    time: manifest.time ?? gap('bundle.json', 'has no time'),
    kubernetes: lazy(kubernetesKinds, (name) =>
      name === 'endpointslices' ? readSlices(explained) : readKubernetes(explained, name),
    ) as KubernetesEvidence,
    aws: awsEvidence(explained),
    nodeNames,
    node: (name) => {
      const found = nodes.get(name) ?? nodeEvidence(explained, name)
      nodes.set(name, found)
      return found
    },
    recordedGaps: manifest.gaps.map(({ source, reason }) => gap(source, reason)),
    store: explained,
  }
}

/** A collection that could not read a file knows better why than the file's absence. */
function withRecordedReason<T>(read: Known<T>, recorded: ReadonlyMap<string, string>): Known<T> {
  if (!isGap(read)) return read
  const reason = recorded.get(read.source)
  return reason === undefined ? read : gap(read.source, reason)
}

function awsEvidence(store: Store): AwsEvidence {
  const aws = lazy(awsKinds, (name) => readAws(store, name))
  const reservations = memoised((id) =>
    readObject(store, awsListsById.cidrReservations.file(id), awsListsById.cidrReservations.shape),
  )
  const entries = memoised((id) =>
    readObject(store, awsListsById.prefixListEntries.file(id), awsListsById.prefixListEntries.shape),
  )
  return Object.defineProperties(aws, {
    asked: { get: () => store.list('aws').length > 0 },
    region: lazyProperty(() => trimmed(readText(store, 'aws/region.txt'))),
    callerIdentity: lazyProperty(() =>
      readObject(store, 'aws/caller-identity.json', { Account: 'string', Arn: 'string' }),
    ),
    cidrReservations: { value: reservations },
    prefixListEntries: { value: entries },
  }) as AwsEvidence
}

function nodeEvidence(store: Store, name: string): NodeEvidence {
  const node = lazy(nodeKinds, (kind) => readNode(store, name, kind))
  return Object.defineProperties(node, {
    name: { value: name },
    seen: { get: () => store.list(`nodes/${name}`).length > 0 },
    cniConfFiles: lazyProperty(() => {
      const folder = `nodes/${name}/cni-conf`
      return new Map(store.list(folder).map((file) => [file, asTextFile(store, `${folder}/${file}`)]))
    }),
  }) as unknown as NodeEvidence
}

function asTextFile(store: Store, file: string): Known<TextFile> {
  const text = readText(store, file)
  return isGap(text) ? text : textFile(file, text)
}

const trimmed = (text: Known<string>): Known<string> => (isGap(text) ? text : text.trim())

function memoised<T>(read: (id: string) => T): (id: string) => T {
  const values = new Map<string, T>()
  return (id) => {
    if (!values.has(id)) values.set(id, read(id))
    return values.get(id) as T
  }
}

/** An object with one property a kind, each read on first use. */
function lazy<K extends string>(kinds: Readonly<Record<K, unknown>>, read: (name: K) => unknown): object {
  const names = Object.keys(kinds) as K[]
  return Object.defineProperties({}, Object.fromEntries(names.map((name) => [name, lazyProperty(() => read(name))])))
}

/** A property that is read on first use. */
export function lazyProperty(read: () => unknown): PropertyDescriptor {
  let value: { readonly read: unknown } | null = null
  return { enumerable: true, get: () => (value ??= { read: read() }).read }
}

/** Proof from a line of a text file of a node: the first one that holds `part`. */
export function citeFirst(file: TextFile, part: string | RegExp): Proof | null {
  const index = file.lines.findIndex((line) => (typeof part === 'string' ? line.includes(part) : part.test(line)))
  return index === -1 ? null : citeLine(file.file, index + 1, file.lines[index] ?? '')
}
