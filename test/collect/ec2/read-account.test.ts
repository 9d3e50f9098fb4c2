import { afterEach, describe, expect, test } from '@jest/globals'
import { awsFile, awsKinds, type AwsKindName } from '../../../src/evidence/ec2/kinds.ts'
import { isGap } from '../../../src/evidence/gap.ts'
import { readAccount, type AccountQuestion } from '../../../src/collect/ec2/read-account.ts'
import type { NodeHint } from '../../../src/collect/ec2/region.ts'
import { fixtureStore } from '../../kit/fixtures.ts'
import { ec2Server, type Ec2Server, type Ec2ServerOptions, type Fault } from './server.ts'

type Item = Record<string, unknown>

const store = await fixtureStore('etp-local')
const jsonAt = (file: string): Item => {
  const bytes = store.read(file)
  if (isGap(bytes)) throw new Error(`${file}: ${bytes.reason}`)
  return JSON.parse(Buffer.from(bytes).toString()) as Item
}

/** The recorded account, by action. */
const answers: Record<string, Item> = { GetCallerIdentity: jsonAt('aws/caller-identity.json') }
for (const name of store.list('aws').filter((file) => file.endsWith('.json'))) {
  const byId = /^(.*reservations|.*entries)-((?:subnet|pl)-.*)\.json$/.exec(name)
  const action = (byId?.[1] ?? name.replace('.json', '')).replace(/(?:^|-)([a-z])/g, (_, letter: string) =>
    letter.toUpperCase(),
  )
  answers[byId === null ? action : `${action}:${byId[2] ?? ''}`] = jsonAt(`aws/${name}`)
}
const interfaces = (answers.DescribeNetworkInterfaces?.NetworkInterfaces ?? []) as Item[]
const vpcId = String(interfaces[0]?.VpcId)
const nodes: NodeHint[] = ['10.240.0.10', '10.240.0.20'].map((address) => ({
  name: address,
  addresses: [address],
  hostnames: [],
  providerId: null,
  region: null,
}))

let server: Ec2Server | null = null
afterEach(async () => {
  await server?.close()
  server = null
})

async function collect(options: Partial<Ec2ServerOptions> = {}, question: Partial<AccountQuestion> = {}) {
  server = await ec2Server({ answers, ...options })
  process.env.AWS_ENDPOINT_URL = server.url
  process.env.AWS_ACCESS_KEY_ID = 'AKIDEXAMPLE'
  process.env.AWS_SECRET_ACCESS_KEY = 'secret'
  process.env.AWS_EC2_METADATA_DISABLED = 'true'
  const { files, gaps } = await readAccount({
    region: 'us-east-1',
    profile: null,
    vpcId: null,
    nodes: Promise.resolve(nodes),
    signal: new AbortController().signal,
    requestTimeoutMs: 10_000,
    wanted: Object.keys(awsKinds) as AwsKindName[],
    progress: () => undefined,
    ...question,
  })
  return { files, gaps, json: (file: string) => JSON.parse(Buffer.from(files.get(file) ?? '""').toString()) as Item }
}

const inVpc = (items: unknown) => (items as Item[]).filter((item) => item.VpcId === vpcId)

test('what is collected of the VPC of the nodes is what the AWS CLI printed of it', async () => {
  const { files, gaps, json } = await collect()
  expect([...gaps]).toEqual([])
  expect(Buffer.from(files.get('aws/region.txt') ?? []).toString()).toBe('us-east-1\n')
  expect(json('aws/caller-identity.json')).toEqual(answers.GetCallerIdentity)
  expect(json('aws/describe-instances.json')).toEqual(answers.DescribeInstances)
  for (const [name, member] of [
    ['describe-network-interfaces', 'NetworkInterfaces'],
    ['describe-subnets', 'Subnets'],
    ['describe-vpcs', 'Vpcs'],
    ['describe-route-tables', 'RouteTables'],
    ['describe-network-acls', 'NetworkAcls'],
    ['describe-security-groups', 'SecurityGroups'],
  ] as const) {
    expect(json(`aws/${name}.json`)).toEqual({ [member]: inVpc(jsonAt(`aws/${name}.json`)[member]) })
    expect(inVpc(jsonAt(`aws/${name}.json`)[member]).length).toBeGreaterThan(0)
  }
  const groups = new Set(
    inVpc(jsonAt('aws/describe-security-groups.json').SecurityGroups).map((group) => group.GroupId),
  )
  const rules = jsonAt('aws/describe-security-group-rules.json').SecurityGroupRules as Item[]
  expect(json('aws/describe-security-group-rules.json')).toEqual({
    SecurityGroupRules: rules.filter((rule) => groups.has(rule.GroupId)),
  })
  for (const name of store.list('aws').filter((file) => file.startsWith('get-subnet')))
    expect(json(`aws/${name}`)).toEqual(jsonAt(`aws/${name}`))
})

test('every listing that checks can ask for is a file', async () => {
  const { files } = await collect()
  for (const name of Object.keys(awsKinds) as (keyof typeof awsKinds)[])
    expect([...files.keys()]).toContain(awsFile(name))
})

test('an account in many pages gives the same files as in one', async () => {
  const whole = await collect()
  await server?.close()
  const pages = await collect({ pageSize: 1 })
  expect([...pages.files].sort().map(([name, bytes]) => [name, Buffer.from(bytes).toString()])).toEqual(
    [...whole.files].sort().map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
  )
  expect(
    server?.asked.filter(({ action, parameters }) => action === 'DescribeSubnets' && parameters.has('NextToken'))
      .length,
  ).toBeGreaterThan(0)
})

describe('each call that is not allowed is a gap naming the permission, and the others are read', () => {
  test.each([
    'DescribeSubnets',
    'DescribeNetworkAcls',
    'DescribeVpcs',
    'DescribeSecurityGroups',
    'DescribeInstances',
    'GetSubnetCidrReservations',
  ])('%s', async (action) => {
    const { files, gaps } = await collect({ faults: { [action]: { error: 'UnauthorizedOperation', status: 403 } } })
    expect(gaps.size).toBeGreaterThan(0)
    for (const reason of gaps.values())
      expect(reason).toBe(`permission ec2:${action} is missing (see \`vipdoctor policy --aws\`)`)
    expect(files.has('aws/describe-route-tables.json')).toBe(true)
    if (action === 'DescribeSecurityGroups') expect(files.has('aws/describe-security-group-rules.json')).toBe(true)
  })
})

test('the VPC is found by instances where interfaces may not be listed', async () => {
  const { files, gaps } = await collect({
    faults: { DescribeNetworkInterfaces: { error: 'UnauthorizedOperation', status: 403 } },
  })
  expect([...gaps.keys()]).toEqual(['aws/describe-network-interfaces.json'])
  expect(files.has('aws/describe-subnets.json')).toBe(true)
})

test('throttling slows the reading down and loses nothing', async () => {
  const { gaps } = await collect({
    faults: { DescribeSubnets: { error: 'RequestLimitExceeded', status: 503, times: 2 } },
  })
  expect([...gaps]).toEqual([])
})

test('a connection that breaks once is tried again', async () => {
  const { gaps } = await collect({ faults: { DescribeSubnets: { cut: true, times: 1 } } })
  expect([...gaps]).toEqual([])
})

test('a call that is never answered is a gap, and the others are read', async () => {
  const { gaps, files } = await collect(
    { faults: { DescribeNatGateways: { never: true } } },
    { requestTimeoutMs: 2_000 },
  )
  expect([...gaps]).toEqual([
    ['aws/describe-nat-gateways.json', 'the EC2 API in us-east-1 did not answer DescribeNatGateways in time'],
  ])
  expect(files.has('aws/describe-subnets.json')).toBe(true)
})

const none = 'DescribeNatGateways of the EC2 API in us-east-1 cannot be used: its answer has no NatGateways'
const unreadable = (why: string) =>
  new RegExp(`^DescribeNatGateways of the EC2 API in us-east-1 cannot be used: its answer cannot be read \\(${why}\\)$`)
const deepXml = (tag: string, depth: number) => `<r>${`<${tag}>`.repeat(depth)}${`</${tag}>`.repeat(depth)}</r>`

describe('an answer that breaks every rule is a gap in bounded time, and the others are read', () => {
  const bytes = 1024 ** 2
  const limitsFor = (fault: Fault) => ({ bytes, ms: 'pours' in fault && fault.pours === 'drops' ? 500 : 60_000 })
  test.each<readonly [string, Fault, string | RegExp, number]>([
    [
      'a byte now and then',
      { pours: 'drops' },
      'DescribeNatGateways of the EC2 API in us-east-1 cannot be used: its answer was not whole after 0.5 s',
      1,
    ],
    [
      'bytes without end',
      { pours: 'flood' },
      'DescribeNatGateways of the EC2 API in us-east-1 cannot be used: its answer is larger than 1 MiB',
      1,
    ],
    [
      'a page that leads to itself',
      { pages: 'circle' },
      'DescribeNatGateways of the EC2 API in us-east-1 cannot be used: its pages go round: one says again what comes next',
      2,
    ],
    [
      'pages without end',
      { pages: 'endless' },
      'DescribeNatGateways of the EC2 API in us-east-1 cannot be used: its pages have no end: 2000 were read',
      2000,
    ],
    [
      'the page of a proxy',
      { body: '<html><p>Sign in<br></html>' },
      unreadable('.*mismatched tags <br> and </html>'),
      1,
    ],
    ['the page of a proxy that is XML', { body: '<html><p>Sign in</p></html>' }, none, 1],
    ['nothing', { body: '' }, none, 1],
    ['no XML', { body: '{"a":1}' }, unreadable('.*'), 1],
    ['a depth of 30,000', { body: deepXml('item', 30_000) }, unreadable('Maximum call stack size exceeded'), 1],
    ['names that are no names', { body: deepXml('__proto__', 3) }, unreadable('.*'), 1],
    [
      'entities that grow',
      {
        body: `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">${'bcdefghij'.replace(/./g, (to) => `<!ENTITY ${to} "${`&${String.fromCharCode(to.charCodeAt(0) - 1)};`.repeat(10)}">`)}]><r>&j;</r>`,
      },
      none,
      1,
    ],
  ])('%s', async (_, fault, reason, requests) => {
    const { files, gaps } = await collect({ faults: { DescribeNatGateways: fault } }, { limits: limitsFor(fault) })
    expect([...gaps]).toEqual([
      ['aws/describe-nat-gateways.json', typeof reason === 'string' ? reason : expect.stringMatching(reason)],
    ])
    expect(files.has('aws/describe-subnets.json')).toBe(true)
    expect(server?.asked.filter(({ action }) => action === 'DescribeNatGateways').length).toBe(requests)
  })
})

test('a wait of a day is not waited', async () => {
  const { files, gaps } = await collect({
    faults: { DescribeNatGateways: { error: 'RequestLimitExceeded', status: 503, retryAfter: 86_400 } },
  })
  expect([...gaps]).toEqual([
    [
      'aws/describe-nat-gateways.json',
      'DescribeNatGateways of the EC2 API in us-east-1 cannot be used: it wants to be asked again in 86400 s only, and that is not waited for',
    ],
  ])
  expect(files.has('aws/describe-subnets.json')).toBe(true)
})

test('throttling without end is a gap, and the others are read', async () => {
  const { files, gaps } = await collect({
    faults: { DescribeNatGateways: { error: 'RequestLimitExceeded', status: 503 } },
  })
  expect([...gaps]).toEqual([
    ['aws/describe-nat-gateways.json', 'the EC2 API kept throttling DescribeNatGateways (RequestLimitExceeded)'],
  ])
  expect(files.has('aws/describe-subnets.json')).toBe(true)
}, 120_000)

test('an endpoint that never answers is asked no more once the first calls were not answered', async () => {
  const started = Date.now()
  const { gaps } = await collect({ faults: { '*': { never: true } } }, { vpcId: 'vpc-1', requestTimeoutMs: 1_000 })
  expect(Date.now() - started).toBeLessThan(20_000)
  const [reason, ...others] = new Set([...gaps].flatMap(([file, why]) => (file.includes('identity') ? [] : [why])))
  expect([reason, others]).toEqual([expect.stringMatching(/^the EC2 API in us-east-1 did not answer \w+ in time$/), []])
  expect([...gaps.keys()].filter((file) => file.includes('describe-')).length).toBe(Object.keys(awsKinds).length)
})

describe('where no call can succeed, every listing is that one gap', () => {
  test.each([
    ['an expired session', 'ExpiredToken', 400, /^the AWS session has expired \(ExpiredToken\); log in again/],
    [
      'a wrong key',
      'AuthFailure',
      401,
      /^the AWS credentials are not valid, or this clock is wrong \(AuthFailure: You may not\)$/,
    ],
    ['a region that is not enabled', 'OptInRequired', 403, /^region us-east-1 is not enabled/],
  ])('%s', async (_, error, status, reason) => {
    const { files, gaps } = await collect({ faults: { '*': { error, status } } })
    expect([...files.keys()]).toEqual(['aws/region.txt'])
    expect([...gaps.keys()].filter((file) => file !== 'aws/caller-identity.json').sort()).toEqual(
      (Object.keys(awsKinds) as (keyof typeof awsKinds)[]).map(awsFile).sort(),
    )
    for (const words of gaps.values()) expect(words).toMatch(reason)
  })

  test('no VPC with an address of a node', async () => {
    const stranger = { name: 'x', addresses: ['192.0.2.1'], hostnames: [], providerId: null, region: null }
    const { gaps } = await collect({}, { nodes: Promise.resolve([stranger]) })
    expect(gaps.get('aws/describe-subnets.json')).toMatch(
      /^no interface that this account shows in this region holds an address of a node/,
    )
  })

  test('two VPCs with the same addresses', async () => {
    const twin = interfaces.map((item) => ({ ...item, VpcId: 'vpc-twin' }))
    const both = { ...answers, DescribeNetworkInterfaces: { NetworkInterfaces: [...interfaces, ...twin] } }
    const { gaps } = await collect({ answers: { ...both, DescribeInstances: { Reservations: [] } } })
    expect(gaps.get('aws/describe-subnets.json')).toBe(
      `the nodes' addresses fit ${[vpcId, 'vpc-twin'].sort().join(' and ')} equally well: name one by --vpc-id`,
    )
  })

  test('no credentials', async () => {
    server = await ec2Server({ answers })
    const kept = { ...process.env }
    process.env = {
      ...kept,
      AWS_ENDPOINT_URL: server.url,
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    }
    delete process.env.AWS_ACCESS_KEY_ID
    delete process.env.AWS_SECRET_ACCESS_KEY
    const question = {
      profile: null,
      vpcId: null,
      nodes: Promise.resolve(nodes),
      signal: new AbortController().signal,
      requestTimeoutMs: 1_000,
      wanted: Object.keys(awsKinds) as AwsKindName[],
      progress: () => undefined,
    }
    const { gaps } = await readAccount({ region: 'us-east-1', ...question })
    const regionless = await readAccount({ region: null, ...question })
    process.env = kept
    expect(gaps.get('aws/describe-subnets.json')).toMatch(
      /^no AWS credentials \(Could not load credentials from any providers\)/,
    )
    expect(regionless.gaps.get('aws/describe-subnets.json')).toBe('no AWS region: name one by --region or AWS_REGION')
  })
})

test('an interruption ends the calls at once', async () => {
  const stop = new AbortController()
  setTimeout(() => {
    stop.abort()
  }, 200)
  const started = Date.now()
  const { gaps } = await collect(
    { faults: { DescribeSubnets: { never: true } } },
    { signal: stop.signal, requestTimeoutMs: 60_000 },
  )
  expect(Date.now() - started).toBeLessThan(30_000)
  expect(gaps.get('aws/describe-subnets.json')).toBe('interrupted')
})
