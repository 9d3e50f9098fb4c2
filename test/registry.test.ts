import { describe, expect, test } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { checks } from '../src/checks/index.ts'
import { hops } from '../src/checks/hop.ts'

const root = path.join(import.meta.dirname, '..')

describe.each(checks.map((check) => [check.id, check] as const))('%s', (id, check) => {
  test('stands in the file of its name, with a test of its name', () => {
    const files = [`${id}.ts`, `${id}/check.ts`].filter((file) => existsSync(path.join(root, 'src/checks', file)))
    expect(files).toHaveLength(1)
    expect(existsSync(path.join(root, 'test/checks', `${id}.test.ts`))).toBe(true)
  })

  test('has a failing and a passing scenario in its test', () => {
    const text = readFileSync(path.join(root, 'test/checks', `${id}.test.ts`), 'utf8')
    expect(text).toMatch(/'(fail|warn)'/)
    expect(text).toMatch(/'pass'/)
  })

  test('is documented', () => {
    const { means, byHand, mend, sources } = check.docs
    for (const text of [check.title, means, byHand, mend]) expect(text.length).toBeGreaterThan(15)
    expect(sources.length).toBeGreaterThan(0)
    expect(check.title).not.toMatch(/\.$/)
  })
})

test('every file of src/checks stands in the registry, in the order of the hops', () => {
  const files = hops.flatMap((hop) => {
    const folder = path.join(root, 'src/checks', hop)
    return existsSync(folder) ? readdirSync(folder).map((name) => `${hop}/${name.replace(/\.ts$/, '')}`) : []
  })
  expect(checks.map(({ id }) => id).toSorted()).toEqual(files.toSorted())
  const order = checks.map(({ id }) => hops.indexOf(id.split('/')[0] as (typeof hops)[number]))
  expect(order).toEqual(order.toSorted((one, other) => one - other))
})

test('what explains a failure exists', () => {
  const ids = new Set<string>(checks.map(({ id }) => id))
  expect(checks.flatMap(({ consequenceOf }) => consequenceOf ?? []).filter((id) => !ids.has(id))).toEqual([])
})

test('a check that stands behind another names one of its own hop', () => {
  const ids = new Set<string>(checks.map(({ id }) => id))
  const strays = checks.filter(
    ({ id, after }) => after !== undefined && (!ids.has(after) || after.split('/')[0] !== id.split('/')[0]),
  )
  expect(strays.map(({ id }) => id)).toEqual([])
  const place = new Map(checks.map(({ id }, at) => [id as string, at]))
  expect(
    checks.filter(({ id, after }) => after !== undefined && (place.get(after) ?? 0) > (place.get(id) ?? 0)),
  ).toEqual([])
})
