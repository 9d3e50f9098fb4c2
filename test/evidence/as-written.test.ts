import { afterAll, describe, expect, test } from '@jest/globals'
import { dump } from 'js-yaml'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { openBundle } from '../../src/collect/open-bundle.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { partOf } from '../../src/evidence/part.ts'
import { diagnosisOf } from '../kit/answers.ts'
import { fixtureStore, type Json } from '../kit/fixtures.ts'

const made = mkdtempSync(path.join(tmpdir(), 'as-written-'))
afterAll(() => {
  rmSync(made, { recursive: true })
})

const texts = await filesOf('')
let count = 0

async function filesOf(folder: string): Promise<Map<string, Buffer>> {
  const store = await fixtureStore('hard-way-healthy')
  const files = new Map<string, Buffer>()
  for (const name of store.list(folder)) {
    const file = folder === '' ? name : `${folder}/${name}`
    const bytes = store.read(file)
    if (!isGap(bytes)) files.set(file, Buffer.from(bytes))
    else for (const [inner, value] of await filesOf(file)) files.set(inner, value)
  }
  return files
}

/** The healthy recording as a folder, each file written by `write`: by another name, as other bytes; null leaves it out. */
function handedIn(write: (file: string, bytes: Buffer) => readonly [file: string, bytes: Uint8Array | string] | null) {
  const root = path.join(made, String((count += 1)))
  for (const [file, bytes] of texts) {
    const written = write(file, bytes)
    if (written === null) continue
    const target = path.join(root, written[0])
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, written[1])
  }
  return openBundle(root)
}

const isAnswer = (file: string): boolean => /^(?:kubernetes|aws)\/.*\.json$/.test(file) && !file.includes('version')
const utf16be = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()

describe('a bundle is judged alike however its files were handed in', () => {
  test.each<readonly [name: string, write: (file: string, bytes: Buffer) => readonly [string, string | Buffer]]>([
    ['with line ends of Windows', (file: string, bytes: Buffer) => [file, bytes.toString().replaceAll('\n', '\r\n')]],
    ['with a byte order mark', (file: string, bytes: Buffer) => [file, `\ufeff${bytes.toString()}`]],
    [
      'in UTF-16, little end first',
      (file: string, bytes: Buffer) => [file, Buffer.from(`\ufeff${bytes.toString()}`, 'utf16le')],
    ],
    [
      'in UTF-16, big end first',
      (file: string, bytes: Buffer) => [file, utf16be(bytes.toString().replaceAll('\n', '\r\n'))],
    ],
    ['gzipped, each file by itself', (file: string, bytes: Buffer) => [`${file}.gz`, gzipSync(bytes)]],
    ['gzipped under plain names', (file: string, bytes: Buffer) => [file, gzipSync(bytes)]],
    [
      'with answers as YAML',
      (file: string, bytes: Buffer) => [
        isAnswer(file) ? file.replace('.json', '.yaml') : file,
        isAnswer(file) ? dump(JSON.parse(bytes.toString())) : bytes,
      ],
    ],
    [
      'with YAML under names of JSON, gzipped',
      (file: string, bytes: Buffer) => [file, isAnswer(file) ? gzipSync(dump(JSON.parse(bytes.toString()))) : bytes],
    ],
    ['with bare lists, as --query and jq print them', (file: string, bytes: Buffer) => [file, bare(file, bytes)]],
  ])('%s', async (_, write) => {
    const evidence = await handedIn((file, bytes) => write(file, bytes))
    const { verdict, findings } = diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50')
    expect([verdict, findings.filter(({ status }) => status === 'unknown')]).toEqual(['reachable', []])
  })

  test('without bundle.json, whose time is then that of the newest file', async () => {
    const evidence = await handedIn((file, bytes) => (file === 'bundle.json' ? null : [file, bytes]))
    expect(diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50').verdict).toBe('reachable')
    expect(evidence.recordedGaps).toContainEqual({
      gap: true,
      source: 'bundle.json',
      reason: expect.stringMatching(
        /^not in the evidence: ages are measured against its newest file \(\d{4}-\d\d-\d\dT/,
      ),
    })
  })
})

/** The one list of an answer, of instances one below. */
function bare(file: string, bytes: Buffer): string | Buffer {
  if (!isAnswer(file)) return bytes
  const answer: Json = JSON.parse(bytes.toString())
  if (answer.Reservations) return JSON.stringify(answer.Reservations.flatMap(({ Instances }: Json) => Instances))
  const lists = Object.values(answer).filter((value) => Array.isArray(value))
  return lists.length === 1 ? JSON.stringify(lists[0]) : bytes
}

const written = (changed: string, content: (bytes: Buffer) => string | Uint8Array) =>
  handedIn((file, bytes) => [file, file === changed ? content(bytes) : bytes])

const query = (member: string, item: (one: Json) => Json) => (bytes: Buffer) =>
  JSON.stringify(JSON.parse(bytes.toString())[member].map(item))

test.each([
  [
    'kubernetes/services.json',
    'a table of kubectl',
    () => 'NAMESPACE   NAME       TYPE\ndefault     nginx-lb   LoadBalancer\n',
    'this is `kubectl get` as a table; write it with `-o json`',
  ],
  [
    'kubernetes/nodes.json',
    'kubectl describe',
    () => 'Name:               worker-0\nRoles:              <none>\n',
    'this is `kubectl describe`; write it by `kubectl get -o json`',
  ],
  [
    'aws/describe-subnets.json',
    'a table of aws',
    () => '---------------\n|DescribeSubnets|\n',
    'this is `aws` as a table; write it with `--output json`',
  ],
  [
    'aws/describe-vpcs.json',
    'text of aws',
    () => 'VPCS\t10.240.0.0/16\tdopt-1\tdefault\n',
    'this is `aws --output text`; write it with `--output json`',
  ],
  [
    'aws/describe-network-interfaces.json',
    'items that --query cut down',
    query('NetworkInterfaces', ({ NetworkInterfaceId, VpcId }) => ({ NetworkInterfaceId, VpcId })),
    /there is no list \/NetworkInterfaces, and \/0 lacks SubnetId: write the answer without --query/,
  ],
  [
    'aws/describe-subnets.json',
    'values that --query took out',
    query('Subnets', ({ SubnetId }) => SubnetId),
    /there is no list \/Subnets, and \/0 lacks SubnetId/,
  ],
  [
    'kubernetes/pods.json',
    'YAML of kubectl that is cut off',
    (bytes: Buffer) => dump(JSON.parse(bytes.toString())).split('\n').slice(0, 60).join('\n'),
    /^cut off: YAML that ends in line 60$/,
  ],
  [
    'kubernetes/pods.json',
    'YAML of kubectl that is cut off behind an item',
    (bytes: Buffer) => dump({ items: JSON.parse(bytes.toString()).items.slice(0, 2) }),
    /^cut off: YAML that ends in line/,
  ],
  [
    'kubernetes/pods.json',
    'the API server’s refusal',
    () => '{"kind":"Status","metadata":{},"status":"Failure","reason":"Forbidden"}',
    /is a Status, not a Pod/,
  ],
  [
    'kubernetes/pods.json',
    'gzip that is cut off',
    (bytes: Buffer) => gzipSync(bytes).subarray(0, 400),
    'gzip that is cut off',
  ],
  [
    'kubernetes/pods.json',
    'half a character of UTF-16',
    () => Buffer.from([0xff, 0xfe, 0x00, 0xd8]),
    'not text: no valid UTF-16',
  ],
] as const)('%s as %s is a gap that says so', async (file, _, content, reason) => {
  const { store, kubernetes, aws } = await written(file, content)
  expect(isGap(store.read('bundle.json'))).toBe(false)
  const kind = { ...kubernetes, ...aws }
  const found = Object.values(kind).filter((value) => isGap(value) && value.source === file)
  expect(found).toEqual([
    expect.objectContaining({ reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) }),
  ])
})

test('one object in the place of a list is that object, and no proof that there is no other', async () => {
  const only = (bytes: Buffer) =>
    JSON.stringify(JSON.parse(bytes.toString()).items.find(({ metadata }: Json) => metadata.name === 'nginx-lb'))
  const evidence = await written('kubernetes/services.json', only)
  const { services } = evidence.kubernetes
  expect([isGap(services) ? services : services.length, partOf(services)?.reason]).toEqual([
    1,
    'one object in the place of a listing',
  ])
  const { verdict, findings } = diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50')
  expect(verdict).toBe('reachable')
  expect(
    findings.flatMap(({ proof }) => proof).filter((one) => one.file === 'kubernetes/services.json'),
  ).toContainEqual(expect.objectContaining({ pointer: expect.stringMatching(/^\/(?:spec|status)\//) }))
})

test('what nobody reads is named', async () => {
  const evidence = await handedIn((file, bytes) =>
    file === 'kubernetes/namespaces.json'
      ? ['kubernetes/namespaces.json.bak', bytes]
      : [file.replace('nodes/worker-1/', 'nodes/worker1.old/'), bytes],
  )
  expect(evidence.recordedGaps.map(({ source, reason }) => `${source}: ${reason}`)).toEqual([
    'kubernetes/namespaces.json.bak: not read: no file of a bundle is called so (docs/bundle.md)',
    'nodes/worker1.old: is called as no Node of the cluster',
  ])
})
