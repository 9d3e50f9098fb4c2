import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

// What npm publishes, packed and installed outside the repository, as users have it.

const root = path.join(import.meta.dirname, '../..')
const bin = path.join(root, 'bin/run.js')
const asked = ['check', '10.240.0.100', '--bundle', path.join(root, 'fixtures/bundles/hard-way-l2.tar.gz')]

let folder: string
let tarball: string
let files: readonly string[]

/** Runs a program in a folder that knows nothing of the repository; nor that a test runs it, or oclif would look for sources. */
function outside(program: string, argv: readonly string[]) {
  return spawnSync(program, argv, { cwd: folder, encoding: 'utf8', env: { ...process.env, NODE_ENV: 'production' } })
}

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-packed-'))
  // Without scripts: the program is built already, and other suites run it meanwhile.
  const said = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root })
  const [packed] = Object.values<{ filename: string; files: { path: string }[] }>(JSON.parse(said.toString()))
  tarball = path.join(folder, packed?.filename ?? '')
  files = packed?.files.map((file) => file.path) ?? []
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('the program and its documents are published, each once, and nothing that never runs', () => {
  const strange =
    /^(?!(LICENSE|README\.md|CHANGELOG\.md|package\.json|oclif\.manifest\.json)$|(bin|dist\/bundle|docs)\/)|\.map$/
  expect(files.filter((file) => strange.test(file))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(['bin/run.js', 'dist/bundle/cli/main.js', 'oclif.manifest.json']))
  expect(files.length).toBeLessThan(160)
})

test('of all packages it imports only the optional one: the others are in it, with their licences', () => {
  const imported = files
    .filter((file) => file.endsWith('.js') && file.startsWith('dist/'))
    .flatMap((file) => [
      // In brackets it stands in a sentence of the AWS SDK.
      ...readFileSync(path.join(root, file), 'utf8').matchAll(/(?<!\[)\b(?:require|import)\("([^."][^"]*)"\)/g),
    ])
    .map(([, name]) => name ?? '')
    .filter((name) => !isBuiltin(name))
  expect([...new Set(imported)]).toEqual(['cap'])
  const licences = readFileSync(path.join(root, 'dist/bundle/THIRD-PARTY-LICENSES.txt'), 'utf8')
  for (const name of ['@aws-sdk/client-ec2', '@kubernetes/client-node', '@oclif/core', 'js-yaml'])
    expect(`\n${licences}`).toContain(`\n${name} `)
})

test('npm install --global puts a program in place that says what the one of the repository says', () => {
  const prefix = path.join(folder, 'prefix')
  const installed = outside('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', tarball])
  expect(installed.status).toBe(0)
  const here = spawnSync(process.execPath, [bin, ...asked], { encoding: 'utf8' })
  const there = outside(path.join(prefix, 'bin/vipdoctor'), asked)
  expect(there.stdout).toBe(here.stdout)
  expect([there.status, there.stderr]).toEqual([1, ''])
  expect(outside(path.join(prefix, 'bin/vipdoctor'), ['checks']).status).toBe(0)
})

test('npx runs it from the tarball', () => {
  const { status, stdout } = outside('npx', ['--yes', `--package=${tarball}`, 'vipdoctor', '--version'])
  expect([status, stdout]).toEqual([0, 'vipdoctor 0.1.0\n'])
})
