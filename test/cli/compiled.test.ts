import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fixturePath } from '../kit/fixtures.ts'

const compiled = path.join(import.meta.dirname, '../../dist/bundle/cli/compiled.js')

let root = ''
let folder = ''
let store = ''
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'vipdoctor-compiled-'))
})
beforeEach(() => {
  folder = mkdtempSync(path.join(root, 'program-'))
  store = path.join(folder, 'cache/some.code')
  mkdirSync(path.join(folder, 'parts'))
  written('main.js', "exports.say = () => require('./parts/word.js').word() + require('node:path').sep + __filename")
  written('parts/word.js', "exports.word = () => { const parts = ['o', 'ne']; return parts.join('') }")
})
afterAll(() => {
  rmSync(root, { recursive: true })
})

const written = (name: string, text: string): void => {
  writeFileSync(path.join(folder, name), text)
}

/** What the program says, and whether its store was written. */
function said(to: string | null = store): { readonly says: string; readonly kept: boolean } {
  const before = keptAt()
  const line = `const { loading } = require(${JSON.stringify(compiled)})
    const load = loading(${JSON.stringify(folder)}, ${JSON.stringify(to)})
    if (load(${JSON.stringify(path.join(folder, 'main.js'))}) !== load(${JSON.stringify(path.join(folder, 'main.js'))})) throw 'twice'
    process.stdout.write(load(${JSON.stringify(path.join(folder, 'main.js'))}).say())`
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', line], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return { says: stdout, kept: keptAt() !== before }
}

const keptAt = (): number | null => statSync(store, { throwIfNoEntry: false })?.mtimeMs ?? null
const one = (): string => `one/${path.join(folder, 'main.js')}`

describe('what was compiled', () => {
  test('is kept by the first run, for its user alone, and taken by the next', () => {
    expect(said()).toEqual({ says: one(), kept: true })
    expect(statSync(store).mode & 0o777).toBe(0o600)
    expect(statSync(path.dirname(store)).mode & 0o777).toBe(0o700)
    expect(said()).toEqual({ says: one(), kept: false })
  })

  test('of a file that is another now is compiled anew, also where it is as long', () => {
    said()
    written('parts/word.js', "exports.word = () => { const parts = ['t', 'wo']; return parts.join('') }")
    expect(said()).toEqual({ says: one().replace('one', 'two'), kept: true })
    expect(said().kept).toBe(false)
  })

  test('of a file that is no more is not kept', () => {
    written('parts/more.js', `exports.more = ${JSON.stringify('x'.repeat(20_000))}`)
    written('main.js', "require('./parts/more.js'); exports.say = () => require('./parts/word.js').word()")
    said()
    expect(statSync(store).size).toBeGreaterThan(20_000)
    rmSync(path.join(folder, 'parts/more.js'))
    written('main.js', "exports.say = () => require('./parts/word.js').word()")
    said()
    expect(statSync(store).size).toBeLessThan(20_000)
  })

  test('may say anything that UTF-8 can', () => {
    written('parts/word.js', 'exports.word = () => String.raw`one’s ß 🛰`')
    expect(said()).toEqual({ says: one().replace('one', 'one’s ß 🛰'), kept: true })
    expect(said()).toEqual({ says: one().replace('one', 'one’s ß 🛰'), kept: false })
  })

  test('without a store nothing is kept', () => {
    expect(said(null)).toEqual({ says: one(), kept: false })
  })

  test('where nothing can be written the program runs', () => {
    expect(said('/proc/nowhere/some.code')).toEqual({ says: one(), kept: false })
  })
})

test('the page of the built program says what its source says, letter by letter', () => {
  const bin = path.join(import.meta.dirname, '../../bin/run.js')
  const { stdout } = spawnSync(
    process.execPath,
    [bin, 'check', '--bundle', fixturePath('hard-way-l2'), '--output', 'html'],
    { encoding: 'utf8' },
  )
  expect(stdout).toContain('The packet’s way, hop by hop')
  expect(stdout).toContain('under “What mends it” was printed')
})

describe('a store that is none', () => {
  const damaged: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ['cut off', (bytes) => bytes.subarray(0, bytes.length - 100)],
    ['cut off in its list', (bytes) => bytes.subarray(0, 20)],
    ['empty', () => Buffer.alloc(0)],
    ['of something else', () => Buffer.from('{"a": 1}\n')],
    ['with a list of something else', (bytes) => Buffer.concat([Buffer.from('[[1]]\n'), bytes])],
    [
      'without its code',
      (bytes) => Buffer.concat([bytes.subarray(0, bytes.indexOf('\n') + 1), Buffer.alloc(bytes.length)]),
    ],
  ]
  test.each(damaged)('%s, is made anew', (_, damage) => {
    said()
    writeFileSync(store, damage(readFileSync(store)))
    utimesSync(store, 1, 1)
    expect(said()).toEqual({ says: one(), kept: true })
    expect(said().kept).toBe(false)
  })

  test.each([
    [
      'others may write',
      () => {
        chmodSync(store, 0o666)
      },
    ],
    [
      'is somebody else’s',
      () => {
        chownSync(store, 65_534, 65_534)
      },
    ],
  ])('since it %s, is not looked at', (_, change) => {
    said()
    change()
    utimesSync(store, 1, 1)
    expect(said()).toEqual({ says: one(), kept: true })
    expect(statSync(store).uid).toBe(process.getuid?.())
    expect(statSync(store).mode & 0o777).toBe(0o600)
  })
})
