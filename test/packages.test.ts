import { expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

// What an installation brings along, as the lock file has it.

interface Locked {
  readonly dev?: boolean
  readonly license?: string
  readonly deprecated?: string
}

const root = path.join(import.meta.dirname, '..')
const read = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), 'utf8'))
const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> }
const production = Object.entries(packages).filter(([name, { dev }]) => name !== '' && dev !== true)

/** Packages that say their licence in the way of before npm 2, which the lock file does not take over: `licenses`, a list. */
const inTheOldWay: Readonly<Record<string, string>> = { 'node_modules/cap': 'MIT' }

test('the lock file speaks of every package that is depended on', () => {
  const { dependencies, optionalDependencies } = read('package.json') as Readonly<Record<string, object>>
  const names = Object.keys({ ...dependencies, ...optionalDependencies }).map((name) => `node_modules/${name}`)
  expect(production.map(([name]) => name)).toEqual(expect.arrayContaining(names))
})

test('no package that an installation brings along is deprecated', () => {
  expect(production.filter(([, { deprecated }]) => deprecated !== undefined)).toEqual([])
})

test('every one of them has a licence under which it may be used and passed on', () => {
  const free =
    /^\(?(?:MIT|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|Python-2\.0|BlueOak-1\.0\.0|Unlicense|CC0-1\.0)(?: OR .*)?\)?$/
  const licences = production.map(([name, { license }]) => [name, license ?? inTheOldWay[name] ?? 'none'] as const)
  expect(licences.filter(([, licence]) => !free.test(licence))).toEqual([])
})

test.each(Object.entries(inTheOldWay))('%s, where it is installed, says %s itself', (name, licence) => {
  expect(packages[name]?.license).toBeUndefined()
  const file = path.join(name, 'package.json')
  // Optional: it is built where a compiler is.
  const said = existsSync(path.join(root, file)) ? (read(file) as { licenses?: unknown }).licenses : [{ type: licence }]
  expect(said).toEqual([expect.objectContaining({ type: licence })])
})
