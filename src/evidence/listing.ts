import { awsFile, awsKinds, type AwsItem, type AwsKindName } from './ec2/kinds.ts'
import { rememberPlace } from './cite.ts'
import { gap, isGap, type Known } from './gap.ts'
import { readJsonList } from './json-list.ts'
import { readJson } from './json.ts'
import { kubernetesFile, kubernetesKinds, type KubernetesKindName, type KubernetesObject } from './kubernetes/kinds.ts'
import { conform, type Misfit, type Shape, type Shaped } from './shape.ts'
import { memberOf, partOf, rememberPart } from './part.ts'
import type { Store } from './store.ts'

/**
 * Kinds of which a part is judged: whoever finds nothing in one asks `lacking.ts` whether that proves anything. Of all others a part is a gap,
 * since no one who looks for something in them asks.
 */
const judgedInPart: ReadonlySet<KubernetesKindName | AwsKindName> = new Set([
  ...(['services', 'nodes', 'endpointslices', 'networkInterfaces', 'subnets', 'securityGroupRules'] as const),
])

/** The objects of one kind, as `kubectl get … -A -o json` printed them. An object of another kind among them makes the file a gap. */
export function readKubernetes<K extends KubernetesKindName>(
  store: Store,
  name: K,
): Known<readonly KubernetesObject<K>[]> {
  const file = kubernetesFile(name)
  const { kind, shape } = kubernetesKinds[name]
  const list = readJsonList(store, file, 'items', (item, index) => {
    const pointer = `/items/${String(index)}`
    const found = memberOf(item, 'kind')
    return typeof found === 'string' && found !== kind
      ? gap(file, `not what its name says: ${pointer} is a ${found}, not a ${kind}`)
      : readItem(file, pointer, item, shape)
  })
  return wholeOrJudged(name, list) as Known<readonly KubernetesObject<K>[]>
}

/** One EC2 listing, as the AWS CLI printed it. */
export function readAws<K extends AwsKindName>(store: Store, name: K): Known<readonly AwsItem<K>[]> {
  const file = awsFile(name)
  const kind = awsKinds[name]
  const inner = 'inner' in kind ? kind.inner : null
  const lists = readJsonList(store, file, kind.member, (outer, index) => {
    const pointer = `/${kind.member}/${String(index)}`
    if (inner === null) return readItem(file, pointer, outer, kind.shape)
    const members = memberOf(outer, inner)
    return Array.isArray(members)
      ? readItems(file, `${pointer}/${inner}`, members, kind.shape)
      : gap(file, `${pointer}/${inner} is not a list`)
  })
  if (isGap(lists)) return lists
  const items = Object.freeze(lists.flat())
  rememberPart(items, partOf(lists))
  return wholeOrJudged(name, items) as Known<readonly AwsItem<K>[]>
}

function wholeOrJudged<T>(name: KubernetesKindName | AwsKindName, list: Known<readonly T[]>): Known<readonly T[]> {
  return isGap(list) || judgedInPart.has(name) ? list : (partOf(list) ?? list)
}

/** One JSON object of a shape, whole. */
export function readObject<const S extends Shape>(store: Store, file: string, shape: S): Known<Shaped<S>> {
  const json = readJson(store, file)
  if (isGap(json)) return json
  const read = conform(json, shape)
  if ('misfit' in read) return misfitGap(file, read.misfit)
  if (typeof read.value === 'object' && read.value !== null) rememberPlace(read.value, { file, pointer: '' })
  return read.value
}

/** Holds each item of a list against a shape, and remembers where it stands. */
export function readItems<S extends Shape>(
  file: string,
  pointer: string,
  list: readonly unknown[],
  shape: S,
): Known<readonly Shaped<S>[]> {
  const items: Shaped<S>[] = []
  for (const [index, item] of list.entries()) {
    const read = readItem(file, `${pointer}/${String(index)}`, item, shape)
    if (isGap(read)) return read
    items.push(read)
  }
  return Object.freeze(items)
}

function readItem<S extends Shape>(file: string, pointer: string, item: unknown, shape: S): Known<Shaped<S>> {
  const read = conform(item, shape, pointer)
  if ('misfit' in read) return misfitGap(file, read.misfit)
  rememberPlace(read.value as object, { file, pointer })
  return read.value
}

const misfitGap = (file: string, { pointer, expected, found }: Misfit) =>
  gap(file, `not what its name says: ${pointer} is ${found}, not ${expected}`)
