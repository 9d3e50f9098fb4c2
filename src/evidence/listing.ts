import { awsFile, awsKinds, type AwsItem, type AwsKindName } from './aws.ts'
import { rememberPlace } from './cite.ts'
import { gap, isGap, type Known } from './gap.ts'
import { readJson } from './json.ts'
import { kubernetesFile, kubernetesKinds, type KubernetesKindName, type KubernetesObject } from './kubernetes.ts'
import { conform, type Misfit, type Shape, type Shaped } from './shape.ts'
import type { Store } from './store.ts'

/** The objects of one kind, as `kubectl get … -A -o json` printed them. An object of another kind among them makes the file a gap. */
export function readKubernetes<K extends KubernetesKindName>(
  store: Store,
  name: K,
): Known<readonly KubernetesObject<K>[]> {
  const file = kubernetesFile(name)
  const { kind, shape } = kubernetesKinds[name]
  const list = readMember(store, file, 'items')
  if (isGap(list)) return list
  const stranger = list.findIndex((item) => foreignKind(item, kind) !== null)
  if (stranger !== -1) {
    return gap(
      file,
      `not what its name says: /items/${String(stranger)} is a ${foreignKind(list[stranger], kind) ?? ''}, not a ${kind}`,
    )
  }
  return readItems(file, '/items', list, shape) as Known<readonly KubernetesObject<K>[]>
}

/** One EC2 listing, as the AWS CLI printed it. */
export function readAws<K extends AwsKindName>(store: Store, name: K): Known<readonly AwsItem<K>[]> {
  const file = awsFile(name)
  const kind = awsKinds[name]
  const list = readMember(store, file, kind.member)
  if (isGap(list)) return list
  const inner = 'inner' in kind ? kind.inner : null
  if (inner === null) return readItems(file, `/${kind.member}`, list, kind.shape) as Known<readonly AwsItem<K>[]>
  const all: unknown[] = []
  for (const [index, outer] of list.entries()) {
    const pointer = `/${kind.member}/${String(index)}/${inner}`
    const members = memberOf(outer, inner)
    const items = Array.isArray(members)
      ? readItems(file, pointer, members, kind.shape)
      : gap(file, `${pointer} is not a list`)
    if (isGap(items)) return items
    all.push(...items)
  }
  return Object.freeze(all) as readonly AwsItem<K>[]
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

function readMember(store: Store, file: string, member: string): Known<readonly unknown[]> {
  const json = readJson(store, file)
  if (isGap(json)) return json
  const list = memberOf(json, member)
  return Array.isArray(list) ? list : gap(file, `not what its name says: there is no list /${member}`)
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[member] : undefined
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
    const place = `${pointer}/${String(index)}`
    const read = conform(item, shape, place)
    if ('misfit' in read) return misfitGap(file, read.misfit)
    rememberPlace(read.value as object, { file, pointer: place })
    items.push(read.value)
  }
  return Object.freeze(items)
}

const misfitGap = (file: string, { pointer, expected, found }: Misfit) =>
  gap(file, `not what its name says: ${pointer} is ${found}, not ${expected}`)

function foreignKind(item: unknown, kind: string): string | null {
  const found = memberOf(item, 'kind')
  return typeof found === 'string' && found !== kind ? found : null
}
