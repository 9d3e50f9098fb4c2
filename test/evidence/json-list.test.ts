import { expect, test } from '@jest/globals'
import { isGap } from '../../src/evidence/gap.ts'
import { readJsonList } from '../../src/evidence/json-list.ts'
import { readKubernetes } from '../../src/evidence/listing.ts'
import { memoryStore } from '../../src/evidence/store.ts'

/** More than a megabyte, so that it is read in pieces; the names hold what looks like the border of two items. */
const items = Array.from({ length: 12_000 }, (_, n) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `a },{"apiVersion":"v1" of ${String(n)} – ü`,
    ownerReferences: [
      { apiVersion: 'apps/v1', name: 'one' },
      { apiVersion: 'apps/v1', name: 'two' },
    ],
  },
}))
const list = { apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } }

const read = (text: string, member = 'items') =>
  readJsonList(memoryStore(new Map([['list.json', Buffer.from(text)]])), 'list.json', member, (item, { pointer }) => ({
    item,
    index: Number(pointer.replace(`/${member}/`, '')),
  }))
const expected = items.map((item, index) => ({ item, index }))

test.each([
  ['compact', JSON.stringify(list)],
  ['as kubectl prints it', JSON.stringify(list, null, 4)],
  ['with a byte order mark', `\uFEFF${JSON.stringify(list)}`],
  ['with items that begin in different ways', JSON.stringify({ items: items.map(reversedOnce) })],
])('a long list, %s, is the same as its text parsed at once', (_, text) => {
  const all = read(text)
  const whole = (JSON.parse(text.replace(/^\uFEFF/, '')) as { items: unknown[] }).items
  expect(all).toEqual(whole.map((item, index) => ({ item, index })))
  expect(all).toHaveLength(expected.length)
})

function reversedOnce(item: object, index: number): object {
  return index % 5000 === 4999 ? Object.fromEntries(Object.entries(item).reverse()) : item
}

test('a long list that is cut off says where', () => {
  expect(read(JSON.stringify(list).slice(0, -100_000))).toMatchObject({
    gap: true,
    reason: expect.stringMatching(/^cut off: parsing stopped at line 1, column \d{7}$/) as unknown,
  })
})

test('a long list with a wrong character says where', () => {
  const text = JSON.stringify(list)
  const at = text.indexOf('"apps/v1"', 1_000_000)
  expect(read(`${text.slice(0, at)}?${text.slice(at + 1)}`)).toMatchObject({
    reason: `not JSON: parsing stopped at line 1, column ${String(at + 1)}`,
  })
})

test('a long list under another name is no such listing', () => {
  const text = JSON.stringify({ kind: 'PodList', Items: items })
  const store = memoryStore(new Map([['kubernetes/pods.json', Buffer.from(text)]]))
  expect(readKubernetes(store, 'pods')).toMatchObject({
    reason: 'not what its name says: there is no list /items',
  })
})

test('two lists in one file are told apart', () => {
  const text = JSON.stringify({ others: items.slice(0, 6000), items })
  expect(read(text)).toEqual(expected)
})

test('a reader that finds a gap ends the reading', () => {
  let asked = 0
  const store = memoryStore(new Map([['list.json', Buffer.from(JSON.stringify(list))]]))
  const all = readJsonList(store, 'list.json', 'items', (item, { pointer }) => {
    asked += 1
    return pointer === '/items/7000' ? { gap: true as const, source: 'list.json', reason: 'for this test' } : item
  })
  expect(isGap(all) && all.reason).toBe('for this test')
  expect(asked).toBe(7001)
})
