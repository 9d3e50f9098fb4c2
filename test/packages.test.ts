import { expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

// What an installation brings along, as the lock file has it: what is built into the program, and what npm installs beside it.

interface Locked {
  readonly dev?: boolean
  readonly license?: string
  readonly deprecated?: string
}

const root = path.join(import.meta.dirname, '..')
const read = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), 'utf8'))
const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> }

/** `NAME VERSION` at the head of each package's licence. */
const licences = readFileSync(path.join(root, 'dist/bundle/THIRD-PARTY-LICENSES.txt'), 'utf8')
const builtIn = licences
  .split(/\n\n-{80}\n\n/)
  .map((text) => /^(\S+) \S+/.exec(text)?.[1] ?? '')
  .filter((name) => name !== '')
const isBuiltIn = (file: string): boolean => builtIn.some((name) => file.endsWith(`node_modules/${name}`))
const production = Object.entries(packages).filter(
  ([file, { dev }]) => file !== '' && (dev !== true || isBuiltIn(file)),
)

/** Packages that say their licence in the way of before npm 2, which the lock file does not take over: `licenses`, a list. */
const inTheOldWay: Readonly<Record<string, string>> = { 'node_modules/cap': 'MIT' }

test('npm installs one package beside the program, and the others are built into it', () => {
  const { dependencies, optionalDependencies } = read('package.json') as Readonly<Record<string, object>>
  expect([dependencies, Object.keys(optionalDependencies ?? {})]).toEqual([undefined, ['cap']])
  const names = [...builtIn, 'cap'].map((name) => `node_modules/${name}`)
  expect(production.map(([file]) => file)).toEqual(expect.arrayContaining(names))
  expect(builtIn).toEqual(expect.arrayContaining(['@aws-sdk/client-ec2', '@kubernetes/client-node', '@oclif/core']))
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
