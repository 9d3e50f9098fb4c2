import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathHops } from '../src/checks/hop.ts'

const root = path.join(import.meta.dirname, '..')
const page = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8')
const plan = /```\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
const folders = (inside: string): string[] =>
  readdirSync(path.join(root, inside), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readdirSync(path.join(root, inside, entry.name)).length > 0)
    .map(({ name }) => name)
    .sort()

test('the floor plan shows every room of src, no other, and fits one screen', () => {
  const rooms = plan
    .split('\n')
    .flatMap((line) => [...line.matchAll(/│ ([a-z]+)(?= )/g)].map(([, room = '']) => room))
    .filter((room) => !['client', 'who', 'a', 'what', 'does', 'say'].includes(room))
  expect(rooms.sort()).toEqual(folders('src'))
  expect(plan.split('\n').length).toBeLessThan(40)
  expect(Math.max(...plan.split('\n').map((line) => line.length))).toBeLessThan(90)
})

test('src has nothing outside of its rooms', () => {
  expect(readdirSync(path.join(root, 'src')).sort()).toEqual(folders('src'))
})

test('the plan shows the packet its way through the hops', () => {
  const way = /client ─▶ ([\s\S]*?) ─▶ client/.exec(plan)?.[1] ?? ''
  expect(way.match(/[a-z]+/g)).toEqual([...pathHops])
})

test('the floors of the plan are those that lint holds', () => {
  const floors = JSON.parse(readFileSync(path.join(root, 'eslint.floors.json'), 'utf8')) as string[][]
  const places = floors.toReversed().map((floor) => plan.indexOf(`│ ${floor[0] ?? ''} `))
  expect(places).toEqual(places.toSorted((one, other) => one - other))
  expect(floors.flat().toSorted()).toEqual(folders('src'))
})
