import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checks } from '../../src/checks/index.ts'
import { evidenceOver } from '../../src/collect/live.ts'
import { redacted } from '../../src/collect/redact.ts'
import { addressStandIns, isPublic } from '../../src/collect/redact-addresses.ts'
import { answer } from '../../src/diagnosis/diagnose.ts'
import { questionsFor } from '../../src/diagnosis/targets.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { UserError } from '../../src/evidence/user-error.ts'
import type { Store } from '../../src/evidence/store.ts'
import { addressOf, parseAddress } from '../../src/net/address.ts'
import { recognisedFabric } from '../../src/fabric/recognise.ts'
import { fixtureNames, fixtureStore } from '../kit/fixtures.ts'

/** All files of a recorded bundle but what the recorder added. */
function filesOf(store: Store, folder = '', out = new Map<string, Uint8Array>()): Map<string, Uint8Array> {
  for (const name of store.list(folder)) {
    const path = folder === '' ? name : `${folder}/${name}`
    const bytes = store.read(path)
    if (path === 'truth.json') continue
    if (isGap(bytes)) filesOf(store, path, out)
    else out.set(path, bytes)
  }
  return out
}

const textOf = (files: ReadonlyMap<string, Uint8Array>) =>
  [...files].map(([path, bytes]) => `${path}\n${Buffer.from(bytes).toString()}`).join('\n')

function causesOf(files: ReadonlyMap<string, Uint8Array>): unknown {
  const evidence = evidenceOver(files)
  try {
    const { questions, gaps } = questionsFor(evidence, [], {
      client: { kind: 'vpc' },
      fabric: recognisedFabric(evidence),
      vpcId: null,
    })
    return answer(checks, evidence, questions, gaps).diagnoses.map(({ verdict, causes }) => ({
      verdict,
      causes: causes.map(({ id }) => id),
    }))
  } catch (error) {
    if (error instanceof UserError) return 'nothing to judge'
    throw error
  }
}

describe('a redacted bundle', () => {
  test.each(fixtureNames)('%s has the same causes, and names nobody', async (name) => {
    const files = filesOf(await fixtureStore(name))
    const { files: hidden } = redacted(files)
    expect(causesOf(hidden)).toEqual(causesOf(files))
    const text = textOf(hidden)
    for (const secret of ['worker-0', 'controller-1', 'ip-10-240-0-20', '123456789012'])
      expect(text).not.toContain(secret)
    const macs = new Set(textOf(files).match(/(?<![\w:])0[2a](:[0-9a-f]{2}){5}(?![\w:])/g))
    for (const mac of [...macs].slice(0, 20)) if (!mac.startsWith('02:00:00:00:00:')) expect(text).not.toContain(mac)
  })
})

test('one thing has one stand-in, in every file, and the count is said', () => {
  const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value, null, 4))
  const { files, replaced } = redacted(
    new Map<string, Uint8Array>([
      [
        'bundle.json',
        bytes({
          format: 'vipdoctor-bundle',
          version: 1,
          time: null,
          tool: 'x',
          redaction: null,
          gaps: [{ source: 'nodes/web-1/sysctl.txt', reason: 'web-1 refused 52.17.3.9' }],
          files: [],
        }),
      ],
      [
        'kubernetes/nodes.json',
        bytes({
          items: [
            { kind: 'Node', metadata: { name: 'web-1' } },
            { kind: 'Node', metadata: { name: 'web-10' } },
          ],
        }),
      ],
      [
        'nodes/web-1/iptables-nft-save.txt',
        bytes('-A INPUT -s 52.17.0.0/16 -d 52.17.3.9/32 -j ACCEPT\n-A INPUT -s 18.4.4.4 -d 10.0.0.1 -j DROP\n'),
      ],
      [
        'nodes/web-10/ip-addr.json',
        bytes(
          '[{"address":"0a:58:0a:f0:00:0a","addr_info":[{"local":"fe80::858:aff:fef0:a"},{"local":"2600:1f18::5"}]}]',
        ),
      ],
      ['aws/describe-addresses.json', bytes({ Addresses: [{ PublicIp: '52.17.3.9', OwnerId: '210987654321' }] })],
      ['aws/describe-instances.json', bytes('{"PublicDnsName": "ec2-52-17-3-9.compute-1.amazonaws.com"}')],
    ]),
  )
  const text = textOf(files)
  expect(text).not.toMatch(/web-1|52[.-]17|18\.4\.4|210987654321|0a:58|2600:1f18|858:aff/)
  expect([...files.keys()]).toContain('nodes/node-01/iptables-nft-save.txt')
  const rules = Buffer.from(files.get('nodes/node-01/iptables-nft-save.txt') ?? []).toString()
  const [, range = '', host = ''] = /-s (\S+)\/16 -d (\S+)\/32/.exec(rules) ?? []
  expect(host.split('.').slice(0, 2)).toEqual(range.split('.').slice(0, 2))
  expect(rules).toContain('-d 10.0.0.1 -j DROP')
  expect(Buffer.from(files.get('aws/describe-addresses.json') ?? []).toString()).toContain(host)
  expect(Buffer.from(files.get('aws/describe-instances.json') ?? []).toString()).toContain(
    `ec2-${host.replaceAll('.', '-')}.`,
  )
  expect(text).toContain('"source": "nodes/node-01/sysctl.txt"')
  expect(text).toContain('02:00:00:00:00:01')
  expect(text).toContain('fe80::ff:fe00:1')
  expect(replaced).toEqual([
    { what: 'account ids', count: 1 },
    { what: 'instance ids', count: 0 },
    { what: 'public addresses', count: 4 },
    { what: 'MACs', count: 1 },
    { what: 'names of nodes and hosts', count: 2 },
  ])
})

/** One identifier in each form in which a tool writes it. */
const forms: readonly (readonly [what: string, forms: readonly string[]])[] = [
  [
    'an address',
    [
      ...[
        '52.17.3.9',
        '52.17.3.9/32',
        '[52.17.3.9]:443',
        'https://52.17.3.9/',
        'web.52.17.3.9.nip.io',
        '52-17-3-9.sslip.io',
      ],
      ...[
        'ec2-52-17-3-9.compute-1.amazonaws.com',
        'TCP  34110309:01BB rr',
        'local 34110309',
        'peer 09031134',
        '0x34110309',
      ],
    ],
  ],
  ['an IPv6 address', ['2600:1f18::5', '[2600:1f18::5]:443', '2600-1f18--5.sslip.io', '2600:1f18:0:0:0:0:0:5']],
  [
    'a MAC',
    [
      ...[
        '0e:58:c3:f0:7b:0a',
        '0E-58-C3-F0-7B-0A',
        '0e58.c3f0.7b0a',
        'fe80::c58:c3ff:fef0:7b0a',
        'fd00:1::c58:c3ff:fef0:7b0a',
      ],
      ...['0e:58:c3:ff:fe:f0:7b:0a', '0c-58-c3-ff-fe-f0-7b-0a'],
    ],
  ],
  [
    'an account',
    [
      ...[
        '"OwnerId": "210987654321"',
        'arn:aws:iam::210987654321:role/x',
        'arn:aws-cn:execute-api:eu-1:210987654321:y',
      ],
      ...['210987654321.dkr.ecr.eu-west-1.amazonaws.com/app:1', '210987654321.dkr-ecr.eu-west-1.on.aws/app'],
    ],
  ],
  ['an instance', ['i-0c0ffee0123456789', 'aws:///eu-west-1a/i-0c0ffee0123456789', 'i-0c0ffee0123456789.ec2.internal']],
  ['a host', ['Linux secret-host-7.corp 6.1.0 #1 SMP x86_64']],
]
const traces = /52[.-]17|34110309|09031134|1f18|c3[:.-]?(?:f0|ff)|210987654321|0c0ffee|secret-host/i

test('what tells whose a bundle is goes in every form, and the same things are wrong with it', async () => {
  const files = filesOf(await fixtureStore('hard-way-l2'))
  const before = causesOf(files)
  const planted = new Map(files)
  const path = [...files.keys()].find((file) => file.endsWith('/versions.txt')) ?? ''
  const text = forms.flatMap(([, lines]) => lines).join('\n')
  planted.set(path, Buffer.from(`${forms.at(-1)?.[1][0] ?? ''}\n${text}\n`))
  const { files: hidden, replaced } = redacted(planted)
  expect(
    textOf(hidden)
      .split('\n')
      .filter((line) => traces.test(line)),
  ).toEqual([])
  expect(causesOf(hidden)).toEqual(before)
  expect(replaced.find(({ what }) => what === 'instance ids')?.count).toBeGreaterThan(1)
})

test('one thing in two forms is one thing still', () => {
  const manifest = { format: 'vipdoctor-bundle', version: 1, time: null, redaction: null, gaps: [], files: [] }
  const { files } = redacted(
    new Map<string, Uint8Array>([
      ['bundle.json', Buffer.from(JSON.stringify(manifest))],
      ['notes.txt', Buffer.from(forms.flatMap(([, lines]) => lines).join('\n'))],
    ]),
  )
  const lines = Buffer.from(files.get('notes.txt') ?? [])
    .toString()
    .split('\n')
  const address = lines[0] ?? ''
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  expect(lines.slice(0, 11)).toEqual([
    ...[address, `${address}/32`, `[${address}]:443`, `https://${address}/`, `web.${address}.nip.io`],
    ...[`${address.replaceAll('.', '-')}.sslip.io`, `ec2-${address.replaceAll('.', '-')}.compute-1.amazonaws.com`],
    `TCP  ${bytes.join('').toUpperCase()}:01BB rr`,
    ...[`local ${bytes.join('')}`, `peer ${bytes.toReversed().join('')}`, `0x${bytes.join('')}`],
  ])
  expect(lines).toEqual(
    expect.arrayContaining([
      ...['02:00:00:00:00:01', '02-00-00-00-00-01', '0200.0000.0001', 'fe80::ff:fe00:1', 'fd00:1::ff:fe00:1'],
      ...['02:00:00:ff:fe:00:00:01', '00-00-00-ff-fe-00-00-01'],
    ]),
  )
  expect(lines).toEqual(
    expect.arrayContaining(['i-00000000000000001', '000000000001.dkr.ecr.eu-west-1.amazonaws.com/app:1']),
  )
})

test('a file that is no text is left out and is a gap, never evidence that there is nothing', () => {
  const manifest = { format: 'vipdoctor-bundle', version: 1, time: null, redaction: null, gaps: [], files: [] }
  const { files } = redacted(
    new Map<string, Uint8Array>([
      ['bundle.json', Buffer.from(JSON.stringify(manifest))],
      [
        'nodes/web-1/iptables-legacy-save.txt',
        Buffer.from('# größer\n*filter\n:FORWARD DROP [0:0]\nCOMMIT\n', 'latin1'),
      ],
    ]),
  )
  expect([...files.keys()]).toEqual(['bundle.json'])
  expect(evidenceOver(files).recordedGaps).toEqual([
    {
      gap: true,
      source: 'nodes/node-01/iptables-legacy-save.txt',
      reason: 'not text (no valid UTF-8): left out by --redact',
    },
  ])
})

test('stand-ins keep order and membership in ranges, for any addresses', () => {
  const prefix = fc.record({ value: fc.bigInt(0n, 0xffffffffn), length: fc.integer({ min: 8, max: 32 }) })
  fc.assert(
    fc.property(fc.array(prefix, { minLength: 2, maxLength: 30 }), (given) => {
      const all = given.map(({ value, length }) => ({
        family: 4 as const,
        value: (value >> BigInt(32 - length)) << BigInt(32 - length),
        length,
      }))
      const standIn = addressStandIns(all)
      const network = (value: bigint, length: number) => value >> BigInt(32 - length)
      for (const one of all) {
        for (const other of all) {
          const inside =
            one.length <= other.length && network(one.value, one.length) === network(other.value, one.length)
          const insideAfter =
            one.length <= other.length &&
            network(standIn(one).value, one.length) === network(standIn(other).value, one.length)
          expect(insideAfter).toBe(inside)
          if (one.length === 32 && other.length === 32 && one.value < other.value)
            expect(standIn(one).value < standIn(other).value).toBe(true)
        }
      }
    }),
    { numRuns: 50 },
  )
})

test.each([
  ['10.240.0.1', false],
  ['172.31.0.1', false],
  ['100.64.0.1', false],
  ['52.17.3.9', true],
  ['172.217.1.1', true],
  ['2600:1f18::5', true],
  ['fd00:240::100', false],
  ['2001:db8::1', false],
])('%s is public: %s', (text, expected) => {
  expect(isPublic(parseAddress(text) ?? addressOf(4, 0n))).toBe(expected)
})
