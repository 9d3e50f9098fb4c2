import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseOutputFiles, writeReport } from '../../src/cli/output-files.ts'
import { formatNames } from '../../src/report/formats.ts'
import { fixturePath } from '../kit/fixtures.ts'
import { testNeeding } from '../kit/needing.ts'

const bin = path.join(import.meta.dirname, '../../bin/run.js')
const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [bin, 'check', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
  })

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-output-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

test('every format is written beside what is printed', () => {
  const files = formatNames.flatMap((format) => ['--output-file', `${format}=${path.join(folder, format)}`])
  const { status, stdout, stderr } = run('--bundle', fixturePath('hard-way-l2'), ...files)
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
  expect(readdirSync(folder).sort()).toEqual([...formatNames].sort())
  expect(readFileSync(path.join(folder, 'text'), 'utf8')).toBe(stdout)
  for (const format of formatNames)
    expect(readFileSync(path.join(folder, format), 'utf8')).toContain('delivery/vip-not-owned')
})

test('where nothing can be judged, every file says why, and standard output nothing', () => {
  const files = formatNames.flatMap((format) => ['--output-file', `${format}=${path.join(folder, format)}`])
  const { status, stdout, stderr } = run('--bundle', '/nowhere', ...files)
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: 'vipdoctor: There is no bundle /nowhere.\n',
  })
  for (const format of formatNames)
    expect(readFileSync(path.join(folder, format), 'utf8')).toMatch(
      format === 'prometheus' ? /check_success 0/ : /There is no bundle/,
    )
})

test.each([
  ['no format', ['x.xml'], /^--output-file x\.xml is not FORMAT=PATH\.$/],
  ['another format', ['xml=x'], /is not FORMAT=PATH/],
  [
    'a folder that is not there',
    ['html=/nowhere/x.html'],
    /^\/nowhere\/x\.html cannot be written: there is no directory \/nowhere\.$/,
  ],
  ['a directory', ['html=/tmp'], /^\/tmp cannot be written: it is a directory\.$/],
  ['a name that no file can have', [`html=/tmp/${'x'.repeat(300)}`], /^\/tmp\/x+ cannot be written: ENAMETOOLONG/],
  ['one path twice', ['html=/tmp/./x', 'json=/tmp/x'], /^--output-file names \/tmp\/x twice\.$/],
])('%s is refused before anything is read', (_, given, message) => {
  expect(() => parseOutputFiles(given)).toThrow(message)
})

test('a report takes the place of a former one, and never that of evidence', () => {
  const bundle = path.join(folder, 'bundle')
  cpSync(fixturePath('hard-way-l2'), `${bundle}.tar.gz`)
  mkdirSync(bundle)
  spawnSync('tar', ['-xzf', `${bundle}.tar.gz`, '-C', bundle])
  const within = path.join(folder, 'link')
  symlinkSync(bundle, within)
  const [accept, report] = ['accept.yaml', 'report.json'].map((name) => path.join(folder, name))
  writeFileSync(accept ?? '', 'accept: []')
  const before = readFileSync(path.join(bundle, 'bundle.json'), 'utf8')
  const refused = (given: string, place: string) => {
    const { status, stderr } = run('--bundle', given, '--accept', accept ?? '', '--output-file', `json=${place}`)
    return { status, said: stderr.split('\n')[0]?.replaceAll(folder, '') }
  }
  expect([
    refused(bundle, `${within}/bundle.json`),
    refused(within, `${bundle}/new.json`),
    refused(`${bundle}.tar.gz`, `${bundle}.tar.gz`),
    refused(bundle, accept ?? ''),
  ]).toEqual([
    {
      status: 2,
      said: 'vipdoctor: /link/bundle.json cannot be written: it lies in /bundle, which is read or saved by this command.',
    },
    {
      status: 2,
      said: 'vipdoctor: /bundle/new.json cannot be written: it lies in /link, which is read or saved by this command.',
    },
    { status: 2, said: 'vipdoctor: /bundle.tar.gz cannot be written: it is read or saved by this command.' },
    { status: 2, said: 'vipdoctor: /accept.yaml cannot be written: it is read or saved by this command.' },
  ])
  expect(readFileSync(path.join(bundle, 'bundle.json'), 'utf8')).toBe(before)
  expect([refused(bundle, report ?? ''), refused(bundle, report ?? '')]).toEqual(Array(2).fill({ status: 1, said: '' }))
})

test('a report that breaks off leaves what was there before, and no half file', async () => {
  const file = path.join(folder, 'report.json')
  writeFileSync(file, 'before')
  function* breaking() {
    yield '{"half": '
    throw new Error('broken')
  }
  await expect(writeReport(file, breaking())).rejects.toThrow('broken')
  expect(readFileSync(file, 'utf8')).toBe('before')
  expect(readdirSync(folder)).toEqual(['report.json'])
})

test('a pipe is written to, and stays a pipe', () => {
  const pipe = path.join(folder, 'pipe')
  spawnSync('mkfifo', [pipe])
  const script = `cat '${pipe}' > '${folder}/read' & '${process.execPath}' '${bin}' check --bundle '${fixturePath('hard-way-healthy')}' --output-file prometheus='${pipe}' > /dev/null; wait; test -p '${pipe}'`
  expect(spawnSync('bash', ['-c', script]).status).toBe(0)
  expect(readFileSync(path.join(folder, 'read'), 'utf8')).toContain('vipdoctor_vip_reachable{')
  expect(existsSync(`${pipe}.part`)).toBe(false)
})

testNeeding('root')(
  'a container’s termination log, whose folder takes no other file, is written, and by a user whom passwd does not know',
  () => {
    const file = path.join(folder, 'termination-log')
    writeFileSync(file, 'x'.repeat(100_000))
    chmodSync(file, 0o666)
    chmodSync(folder, 0o755)
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [bin, 'check', '--bundle', fixturePath('hard-way-l2'), '--output-file', `text=${file}`],
      { encoding: 'utf8', uid: 54321, gid: 54321, env: { PATH: process.env.PATH, HOME: '/nonexistent' } },
    )
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
    expect(readFileSync(file, 'utf8')).toBe(stdout)
  },
)
