import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { cite } from '../../src/evidence/cite.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { readJson } from '../../src/evidence/json.ts'
import { kubernetesFile, kubernetesKinds, type KubernetesKindName } from '../../src/evidence/kubernetes/kinds.ts'
import { readKubernetes } from '../../src/evidence/listing.ts'
import { conform, mapOf } from '../../src/evidence/shape.ts'
import { memoryStore } from '../../src/evidence/store.ts'
import { fixtureNames, fixtureStore } from '../kit/fixtures.ts'

const shape = {
  name: 'string',
  labels: mapOf('string'),
  containers: [{ image: 'string', ports: [{ port: 'port' }], env: [{ name: 'string', value: 'scalar' }] }],
  any: 'json',
  bare: 'flag',
} as const

/** What is kept of a value beside what was kept of the one before; its text also tells the order of members. */
function beside(before: unknown, value: unknown) {
  const first = conform(before, shape)
  return conform(value, shape, '', 'value' in first ? first.value : undefined)
}

const containers = [{ image: 'a', ports: [{ port: 1 }, { port: 2 }], env: [{ name: 'x', value: '1' }] }]

test.each([
  [
    'equal',
    { name: 'a', labels: { one: '1', two: '2' }, containers },
    { name: 'a', labels: { one: '1', two: '2' }, containers },
  ],
  ['of another name', { name: 'a', labels: { one: '1' } }, { name: 'b', labels: { one: '1' } }],
  ['with a label more', { labels: { one: '1' } }, { labels: { one: '1', two: '2' } }],
  ['with a label less', { labels: { one: '1', two: '2' } }, { labels: { one: '1' } }],
  ['with no label left', { labels: { one: '1' } }, { labels: {} }],
  ['with its labels in another order', { labels: { one: '1', two: '2' } }, { labels: { two: '2', one: '1' } }],
  ['with a label that is null', { labels: { one: '1', two: '2' } }, { labels: { one: null, two: '2' } }],
  [
    'with a label of Object’s own names',
    { labels: {} },
    JSON.parse('{"labels":{"__proto__":"a","constructor":"b"}}') as unknown,
  ],
  ['without what the other has', { name: 'a', containers }, { containers }],
  ['with an empty list', { containers }, { containers: [] }],
  ['with an item less', { containers: [...containers, ...containers] }, { containers }],
  ['with an item more', { containers }, { containers: [...containers, ...containers] }],
  [
    'with a number in a text’s place',
    { containers },
    { containers: [{ ...containers[0], env: [{ name: 'x', value: 1 }] }] },
  ],
  ['with a bare word', { bare: false }, { bare: null }],
  ['with another value of any kind', { any: { a: [1] } }, { any: { a: [1, { b: null }] } }],
])('a value %s is kept as if it stood alone', (_, before, value) => {
  const alone = conform(value, shape)
  expect(beside(before, value)).toEqual(alone)
  expect(JSON.stringify(beside(before, value))).toBe(JSON.stringify(alone))
})

test('what stood before changes neither what is kept of a value nor where it does not fit', () => {
  const text = fc.constantFrom('a', 'b', '__proto__', 'constructor')
  const loose = fc.oneof({ weight: 8, arbitrary: text }, fc.constantFrom(null, 1, -1, true, [], {}))
  const container = fc.record(
    {
      image: loose,
      ports: fc.array(fc.record({ port: fc.constantFrom<unknown>(1, 2, -1, null) })),
      env: fc.array(fc.record({ name: loose, value: loose }, { requiredKeys: [] })),
    },
    { requiredKeys: [] },
  )
  const any = fc.record(
    { name: loose, labels: fc.dictionary(text, loose), containers: fc.array(container), any: fc.json(), bare: loose },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(any, any, (before, value) => {
      expect(JSON.stringify(beside(before, value))).toBe(JSON.stringify(conform(value, shape)))
    }),
  )
})

test('equal parts of neighbours are one object, and equal neighbours are two', () => {
  const pod = { kind: 'Pod', metadata: { name: 'a', namespace: 'b' }, spec: { containers: [{ image: 'c' }] } }
  const text = JSON.stringify({ items: [pod, pod, { ...pod, metadata: { name: 'd', namespace: 'b' } }] })
  const read = readKubernetes(memoryStore(new Map([['kubernetes/pods.json', Buffer.from(text)]])), 'pods')
  if (isGap(read)) throw new Error(read.reason)
  const [one, two, three] = read
  expect([one, two, three].map((each) => cite(each ?? {}, 'metadata', 'name').pointer)).toEqual([
    '/items/0/metadata/name',
    '/items/1/metadata/name',
    '/items/2/metadata/name',
  ])
  expect(two).not.toBe(one)
  expect(three?.spec).toBe(one?.spec)
  expect([one, three].map((each) => each?.metadata?.name)).toEqual(['a', 'd'])
  expect(Object.isFrozen(two)).toBe(true)
})

test('every listing of the fixtures is what its items are one by one', async () => {
  let items = 0
  for (const name of fixtureNames) {
    const store = await fixtureStore(name)
    for (const kind of Object.keys(kubernetesKinds) as KubernetesKindName[]) {
      const read = readKubernetes(store, kind)
      const json = readJson(store, kubernetesFile(kind))
      if (isGap(read) || isGap(json)) continue
      const listed = (json as { items?: readonly unknown[] }).items ?? [json]
      const alone = listed.map((item) => conform(item, kubernetesKinds[kind].shape))
      expect(JSON.stringify(read)).toBe(JSON.stringify(alone.map((one) => ('value' in one ? one.value : one.misfit))))
      items += read.length
    }
  }
  expect(items).toBeGreaterThan(3000)
})
