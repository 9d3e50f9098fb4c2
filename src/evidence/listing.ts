import { awsFile, awsKinds, type AwsItem, type AwsKindName } from './ec2/kinds.ts'
import { alwaysThere } from './ec2/always.ts'
import { rememberPlace } from './cite.ts'
import { gap, isGap, type Known } from './gap.ts'
import { readJsonList } from './json-list.ts'
import { readText } from './json.ts'
import { parseAnswer } from './answer.ts'
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
  const seen = { alone: false }
  let before: Known<KubernetesObject<K>> | undefined
  const list = readJsonList(store, file, 'items', (item, place) => {
    seen.alone = place.pointer === '' && place.file === file
    const found = memberOf(item, 'kind')
    if (!place.isListed && memberOf(item, 'metadata') === undefined)
      return gap(file, `not what its name says: there is no list /items`)
    if (typeof found === 'string' && found !== kind)
      return gap(file, `not what its name says: ${place.pointer} is a ${found}, not a ${kind}`)
    before = readItem<(typeof kubernetesKinds)[K]['shape']>(place, item, shape, before)
    return before
  })
  if (!isGap(list) && seen.alone && judgedInPart.has(name))
    rememberPart(list, gap(file, 'one object in the place of a listing'))
  return wholeOrJudged<KubernetesObject<K>>(name, list)
}

/** One EC2 listing, as the AWS CLI printed it. */
export function readAws<K extends AwsKindName>(store: Store, name: K): Known<readonly AwsItem<K>[]> {
  const file = awsFile(name)
  const kind = awsKinds[name]
  const inner = 'inner' in kind ? kind.inner : null
  const seen = { alone: false }
  const lists = readJsonList(store, file, kind.member, (outer, place) => {
    const { pointer, isListed } = place
    seen.alone = pointer === '' && place.file === file
    const lost = !isListed && memberOf(outer, inner ?? '') === undefined ? lacksOf(name, outer) : []
    if (lost.length > 0)
      return gap(
        file,
        `not what its name says: there is no list /${kind.member}, and ${pointer || 'the object'} lacks ${lost[0] ?? ''}: write the answer without --query`,
      )
    if (inner !== null && !isListed && memberOf(outer, inner) === undefined) {
      const one = readItem(place, outer, kind.shape)
      return isGap(one) ? one : [one]
    }
    if (inner === null) return readItem(place, outer, kind.shape)
    const members = memberOf(outer, inner)
    return Array.isArray(members)
      ? readItems(place.file, `${pointer}/${inner}`, members, kind.shape)
      : gap(file, `${pointer}/${inner} is not a list`)
  })
  if (isGap(lists)) return lists
  const items = Object.freeze(lists.flat())
  rememberPart(
    items,
    seen.alone && judgedInPart.has(name) ? gap(file, 'one object in the place of a listing') : partOf(lists),
  )
  return wholeOrJudged(name, items) as Known<readonly AwsItem<K>[]>
}

const lacksOf = (name: AwsKindName, item: unknown): readonly string[] =>
  (alwaysThere[name] ?? Object.keys(awsKinds[name].shape).slice(0, 1)).filter(
    (member) => memberOf(item, member) === undefined,
  )

function wholeOrJudged<T>(name: KubernetesKindName | AwsKindName, list: Known<readonly T[]>): Known<readonly T[]> {
  return isGap(list) || judgedInPart.has(name) ? list : (partOf(list) ?? list)
}

/** One JSON object of a shape, whole. */
export function readObject<const S extends Shape>(store: Store, file: string, shape: S): Known<Shaped<S>> {
  const text = readText(store, file)
  const json = isGap(text) ? text : parseAnswer(file, text)
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
    const read = readItem({ file, pointer: `${pointer}/${String(index)}` }, item, shape)
    if (isGap(read)) return read
    items.push(read)
  }
  return Object.freeze(items)
}

function readItem<S extends Shape>(
  { file, pointer }: { readonly file: string; readonly pointer: string },
  item: unknown,
  shape: S,
  like?: Known<Shaped<S>>,
): Known<Shaped<S>> {
  const read = conform(item, shape, pointer, like === undefined || isGap(like) ? undefined : like)
  if ('misfit' in read) return misfitGap(file, read.misfit)
  rememberPlace(read.value as object, { file, pointer })
  return read.value
}

const misfitGap = (file: string, { pointer, expected, found }: Misfit) =>
  gap(file, `not what its name says: ${pointer} is ${found}, not ${expected}`)
