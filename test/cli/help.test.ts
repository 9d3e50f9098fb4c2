import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fixturePath } from '../kit/fixtures.ts'

const bin = path.join(import.meta.dirname, '../../bin/run.js')
const healthy = fixturePath('hard-way-healthy')

function vipdoctor(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' })
  return { code: status, stdout, stderr }
}

test.each([
  [['help'], /^Says why nobody can reach a Kubernetes VIP[^]*\n {2}check +Say why a VIP cannot be reached/],
  [['-h'], /^Says why nobody can reach a Kubernetes VIP/],
  [['help', 'check'], /^Say why a VIP cannot be reached[^]*USAGE\n {2}\$ vipdoctor check/],
  [['check', '-h'], /^Say why a VIP cannot be reached/],
  [['help', 'capture', 'arp'], /USAGE\n {2}\$ vipdoctor capture arp --vip/],
  [['-v'], /^vipdoctor \d+\.\d+\.\d+\n$/],
  [['--version'], /^vipdoctor \d+\.\d+\.\d+\n$/],
])('%j', (args, says) => {
  expect(vipdoctor(...args)).toEqual({ code: 0, stdout: expect.stringMatching(says), stderr: '' })
})

describe('what was mistyped gets the nearest name', () => {
  test.each([
    ['a command', ['chek'], 'There is no command chek.\nDid you mean check?'],
    ['a command before a target', ['trcae', '10.240.0.100'], 'There is no command trcae.\nDid you mean trace?'],
    ['a command of a topic', ['capture', 'arpp'], 'There is no command capture arpp.\nDid you mean capture arp?'],
    ['a command like no other', ['tomato'], 'There is no command tomato.\n`vipdoctor help` lists the commands.'],
    ['help for a command', ['help', 'chek'], 'There is no command chek.\nDid you mean check?'],
    [
      'help for one of a topic',
      ['help', 'capture', 'arpp'],
      'There is no command capture arpp.\nDid you mean capture arp?',
    ],
    ['a command with --help', ['explian', '--help'], 'There is no command explian.\nDid you mean explain?'],
    [
      'a value',
      ['check', '--nodes', 'shh'],
      'Expected --nodes=shh to be one of: none, ssh, local, pod.\nDid you mean ssh?',
    ],
    ['a shell', ['completion', 'fishh'], 'Expected fishh to be one of: bash, zsh, fish.\nDid you mean fish?'],
    [
      'a value like no other',
      ['checks', '-o', 'tomato'],
      'Expected --output=tomato to be one of: text, json.\nSee `vipdoctor help checks`.',
    ],
    ['nothing where a target must be', ['trace'], 'Missing argument TARGET.\nSee `vipdoctor help trace`.'],
    [
      'a flag of a topic',
      ['capture', 'arp', '--tomato', '1'],
      'Nonexistent flag: --tomato.\nSee `vipdoctor help capture arp`.',
    ],
    ['a flag', ['check', '--bundel', healthy], 'Nonexistent flag: --bundel.\nDid you mean --bundle?'],
    [
      'a finding',
      ['explain', 'delivery/vip-not-ownd'],
      'There is no check, hop or AWS code delivery/vip-not-ownd.\nDid you mean delivery/vip-not-owned?',
    ],
    ['a hop', ['explain', 'delivry'], 'There is no check, hop or AWS code delivry.\nDid you mean delivery?'],
    [
      'a Service',
      ['check', 'default/nginx-bl', '--bundle', healthy],
      'There is no Service default/nginx-bl.\nDid you mean default/nginx-lb?',
    ],
    [
      'a namespace',
      ['check', '-n', 'defautl', '--bundle', healthy],
      'Namespace defautl has no VIP.\nDid you mean default?',
    ],
  ])('%s', (_, args, says) => {
    expect(vipdoctor(...args)).toEqual({ code: 2, stdout: '', stderr: `vipdoctor: ${says}\n` })
  })
})

test.each([
  ['nginx-lb'],
  ['svc/nginx-lb'],
  ['service/default/nginx-lb'],
  ['nginx-lb', '-n', 'default'],
  ['-n', 'default'],
])('%s names the Service as NAMESPACE/NAME does', (...target) => {
  const named = vipdoctor('check', ...target, '--bundle', healthy)
  expect(named).toEqual(vipdoctor('check', 'default/nginx-lb', '--bundle', healthy))
  expect(named.stdout).toContain('10.240.0.100:80  default/nginx-lb\n')
})

test('an address has no namespace', () => {
  expect(vipdoctor('check', '10.240.0.100', '-n', 'default', '--bundle', healthy).stderr).toBe(
    'vipdoctor: --namespace default is about names of Services, and 10.240.0.100 is an address.\nLeave one of the two out.\n',
  )
})

test('explain says what a hop is and lists its checks', () => {
  const { stdout } = vipdoctor('explain', 'delivery')
  expect(stdout).toMatch(
    /^delivery\n {2}The network hands the packet to a network interface\. On EC2 an interface must/,
  )
  expect(stdout).toMatch(/\n {2}delivery\/vip-not-owned +A network interface of the VPC holds the\n/)
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

test('explain says what hides a finding', () => {
  expect(vipdoctor('explain', 'forwarding/forward-drop').stdout).toContain(
    'Not told while forwarding/ip-forward-off fails: what is not forwarded at all',
  )
  const { checks } = JSON.parse(vipdoctor('explain', 'forwarding/forward-drop', '-o', 'json').stdout)
  expect(checks[0].mootWhile).toEqual([{ failing: ['forwarding/ip-forward-off'], why: expect.any(String) }])
})

test('explain knows the codes of AWS Reachability Analyzer', () => {
  const { stdout } = vipdoctor('explain', 'eni_address_restriction')
  expect(stdout).toMatch(/^ENI_ADDRESS_RESTRICTION\n/)
  expect(stdout).toMatch(/\n {2}delivery\/vip-not-owned +A network interface/)
})

test('explain and checks as JSON have what the terminal shows', () => {
  const one = JSON.parse(vipdoctor('explain', 'delivery/vip-not-owned', '-o', 'json').stdout)
  expect(one).toMatchObject({
    schemaVersion: 1,
    asked: { kind: 'check', name: 'delivery/vip-not-owned' },
    checks: [{ hop: 'delivery', blocks: true, on: ['ec2'], awsCodes: ['ENI_ADDRESS_RESTRICTION'] }],
  })
  expect(Object.keys(one.checks[0].docs)).toEqual(['means', 'byHand', 'mend', 'sources', 'links'])
  const all = JSON.parse(vipdoctor('checks', '-o', 'json').stdout)
  expect(all.checks).toContainEqual(
    expect.objectContaining({ id: 'delivery/vip-not-owned', title: 'A network interface of the VPC holds the VIP' }),
  )
  const lines = vipdoctor('checks')
    .stdout.split('\n')
    .filter((line) => line !== '')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(all.checks.map(({ id }: { id: string }) => id))
})

test.each(['--wait', '--timeout', '--capture'])('%s takes a duration, and none of less than a second', (flag) => {
  for (const [given, says] of [
    ['soon', '"soon" is no duration.\nFor example: 90s, 2m, 2m30s, 1h.'],
    ['0s', '0s is less than a second.'],
  ] as const) {
    expect(vipdoctor('check', `${flag}=${given}`)).toEqual({
      code: 2,
      stdout: '',
      stderr: `vipdoctor: ${flag}: ${says}\n`,
    })
  }
})
