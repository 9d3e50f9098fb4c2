import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fixturePath } from '../kit/fixtures.ts'

const bin = path.join(import.meta.dirname, '../../bin/run.js')

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const vipdoctor = (...args: readonly string[]): Ran => given('', ...args)

/** The same with something on its standard input. */
function given(input: string, ...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    encoding: 'utf8',
    input,
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
  })
  return { code: status, stdout, stderr }
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vipdoctor-cli-'))
  mkdirSync(path.join(folder, 'empty'))
  writeFileSync(path.join(folder, 'binary'), Buffer.from([0, 1, 2, 255]))
  mkdirSync(path.join(folder, 'cut'))
  writeFileSync(path.join(folder, 'cut', 'bundle.json'), '{"format": "vipdoctor-bundle", "vers')
  mkdirSync(path.join(folder, 'other'))
  writeFileSync(path.join(folder, 'other', 'bundle.json'), '{"format": "other"}')
  mkdirSync(path.join(folder, 'newer'))
  writeFileSync(path.join(folder, 'newer', 'bundle.json'), '{"format": "vipdoctor-bundle", "version": 2}')
  mkdirSync(path.join(folder, 'unpacked'))
  spawnSync('tar', ['xzf', fixturePath('hard-way-l2'), '-C', path.join(folder, 'unpacked')])
  cpSync(path.join(folder, 'unpacked'), path.join(folder, 'damaged'), { recursive: true })
  writeFileSync(
    path.join(folder, 'damaged', 'aws', 'describe-network-interfaces.json'),
    '{"NetworkInterfaces": [{"Netw',
  )
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const healthy = fixturePath('hard-way-healthy')

describe('bad input ends with one clear sentence, exit code 2 and no stack', () => {
  test.each([
    ['a bundle that does not exist', ['check', '--bundle', '/nowhere'], 'There is no bundle /nowhere.'],
    [
      'an empty folder',
      ['check', '--bundle', 'DIR/empty'],
      /empty is no bundle: bundle\.json is not in the evidence\./,
    ],
    [
      'a truncated bundle.json',
      ['check', '--bundle', 'DIR/cut'],
      /cut is no bundle: bundle\.json is cut off: parsing stopped at line 1, column \d+\./,
    ],
    ['another format', ['check', '--bundle', 'DIR/other'], 'bundle.json does not say "format": "vipdoctor-bundle"'],
    ['a newer version', ['check', '--bundle', 'DIR/newer'], 'is a bundle of version 2; this program reads version 1.'],
    ['a binary file', ['check', '--bundle', 'DIR/binary'], 'is no gzipped tar archive.'],
    [
      'a port that the VIP does not have',
      ['check', '10.240.0.100:443', '--bundle', healthy],
      '10.240.0.100 is a VIP, but not at port 443.',
    ],
    [
      'a Service that is not there',
      ['check', 'default/nginx', '--bundle', healthy],
      'There is no Service default/nginx.',
    ],
    [
      'a Service without a VIP',
      ['check', 'default/kubernetes', '--bundle', healthy],
      `Service default/kubernetes has type ClusterIP, so it has no VIP; only type LoadBalancer does.\nTo give it one: kubectl -n default patch service kubernetes -p '{"spec":{"type":"LoadBalancer"}}'. The VIPs`,
    ],
    ['a malformed address', ['check', '10.240.0.300', '--bundle', healthy], '"10.240.0.300" is neither an address'],
    ['a malformed port', ['check', '10.240.0.100:99999', '--bundle', healthy], 'has no valid port'],
    ['a client that is none', ['check', '--client', 'somebody', '--bundle', healthy], '"somebody" is no client.'],
    [
      'a node that is none',
      ['check', '--client', 'node/worker-9', '--bundle', healthy],
      'There is no node worker-9.\nThe nodes are controller-0',
    ],
    ['a pod that is none', ['check', '--client', 'pod/default/x', '--bundle', healthy], 'There is no pod default/x.'],
    [
      'a client of the other family',
      ['check', '--client', 'fd00::1', '--bundle', healthy],
      'No packet goes from fd00::1 to 10.240.0.100: one is IPv4, the other IPv6.',
    ],
    ['an unknown flag', ['check', '--bundel', healthy], 'Nonexistent flag: --bundel'],
    ['an unknown format', ['check', '--output', 'xml', '--bundle', healthy], /Expected --output=xml to be one of/],
    ['an unknown command', ['chek'], /chek/],
    ['an unknown check', ['explain', 'vip-not-owned'], 'Did you mean delivery/vip-not-owned?'],
    ['no id to explain', ['explain'], /^vipdoctor: Missing argument ID\.$/m],
  ] as const)('%s', (_, args, message) => {
    const { code, stdout, stderr } = vipdoctor(...args.map((arg) => arg.replace('DIR', folder)))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr.split('\n').length).toBeLessThanOrEqual(4)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

describe('exit codes', () => {
  test.each([
    ['0 for a healthy VIP', [healthy], 0],
    ['1 for one that nobody owns', [fixturePath('hard-way-l2')], 1],
    ['the same for the unpacked bundle', ['DIR/unpacked'], 1],
    ['3 where a truncated file hides who owns the VIP', ['DIR/damaged', '10.240.0.100'], 3],
    ['0 where that is allowed', ['DIR/damaged', '10.240.0.100', '--allow-unknown'], 0],
    ['1 for a warning where that is asked', [fixturePath('not-advertised'), '--fail-on', 'warn'], 1],
    ['0 for a warning else', [fixturePath('not-advertised')], 0],
  ] as const)('%s', (_, [bundle, ...args], code) => {
    const ran = vipdoctor('check', ...args, '--bundle', bundle.replace('DIR', folder))
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code, stderr: '' })
    expect(ran.stdout).not.toContain('\u001b[')
  })
})

test('--version needs no more than package.json', () => {
  expect(vipdoctor('--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^vipdoctor \d+\.\d+\.\d+\n$/),
  })
})

test('the same evidence gives the same bytes, from a folder and from an archive', () => {
  const once = vipdoctor('check', '--bundle', fixturePath('hard-way-l2'), '--output', 'json')
  expect(vipdoctor('check', '--bundle', path.join(folder, 'unpacked'), '--output', 'json').stdout).toBe(once.stdout)
})

test('nothing on standard input is an argument: in a loop over lines they stay with the loop', () => {
  const check = ['check', '--bundle', fixturePath('hard-way-l2')]
  expect(given('10.240.0.99\n', ...check)).toEqual(vipdoctor(...check))
  expect(given('10.240.0.100\n', 'trace', '--bundle', fixturePath('hard-way-l2'))).toMatchObject({
    code: 2,
    stdout: '',
  })
  expect(given('delivery\n', 'explain')).toMatchObject({ code: 2, stdout: '' })
  expect(given('bash\n', 'completion')).toMatchObject({ code: 2, stdout: '' })
})

test('explain prints what a check says of itself', () => {
  const { code, stdout } = vipdoctor('explain', 'delivery/vip-not-owned')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^delivery\/vip-not-owned\n/)
  expect(stdout).toContain('How to mend it')
})

test('checks lists every check once', () => {
  const { stdout } = vipdoctor('checks')
  const ids = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(/\s/)[0])
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toContain('delivery/vip-not-owned')
})

test.each([[['--help']], [['check', '--help']], [['check', '--bundle', healthy, '--output', 'json']]])(
  'a reader that stops early ends %j without a word',
  (args) => {
    const program = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ')
    const { stdout, stderr } = spawnSync('bash', ['-c', `${program} | head -c 1; echo " \${PIPESTATUS[0]}"`], {
      encoding: 'utf8',
    })
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringMatching(/^[S{] 0\n$/), stderr: '' })
  },
)
