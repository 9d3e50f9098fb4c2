import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { awsFile, awsKinds, type AwsKindName, awsListsById } from '../../src/evidence/ec2/kinds.ts'
import { readAccount } from '../../src/collect/ec2/read-account.ts'
import { testNeeding } from '../kit/needing.ts'
import { at, motoServer, region, startAccount, type Account, type Json } from './moto.ts'
import { hasTool } from './tools.ts'

// The real AWS SDK and the real AWS CLI in front of the same moto server: what we collect is what the CLI prints.

const ready = hasTool('python/bin/moto_server')
// scripts/e2e-tools has said why it is not there.
const where = testNeeding(motoServer)

let account: Account
const aws: Account['aws'] = (...argv) => account.aws(...argv)
const ec2: Account['ec2'] = (action, ...argv) => account.ec2(action, ...argv)
const made: Record<string, string> = {}

beforeAll(async () => {
  if (!ready) return
  account = await startAccount()
  const vpc = (made.vpc = at(ec2('create-vpc', '--cidr-block', '10.240.0.0/16'), 'Vpc', 'VpcId'))
  const subnets = ['10.240.0.0/24', '10.240.1.0/24'].map((cidr) =>
    at(ec2('create-subnet', '--vpc-id', vpc, '--cidr-block', cidr), 'Subnet', 'SubnetId'),
  )
  const group = at(
    ec2('create-security-group', '--vpc-id', vpc, '--group-name', 'kubernetes', '--description', 'nodes & <friends>'),
    'GroupId',
  )
  const list = at(
    ec2(
      'create-managed-prefix-list',
      '--prefix-list-name',
      'offices',
      '--address-family',
      'IPv4',
      '--max-entries',
      '5',
      '--entries',
      'Cidr=198.51.100.0/24,Description=one',
      'Cidr=203.0.113.0/24',
    ),
    'PrefixList',
    'PrefixListId',
  )
  ec2(
    'authorize-security-group-ingress',
    '--group-id',
    group,
    '--ip-permissions',
    `IpProtocol=tcp,FromPort=80,ToPort=80,PrefixListIds=[{PrefixListId=${list}}]`,
  )
  ec2(
    'authorize-security-group-ingress',
    '--group-id',
    group,
    '--ip-permissions',
    `IpProtocol=-1,UserIdGroupPairs=[{GroupId=${group}}]`,
  )
  ec2(
    'authorize-security-group-ingress',
    '--group-id',
    group,
    '--protocol',
    'tcp',
    '--port',
    '6443',
    '--cidr',
    '0.0.0.0/0',
  )
  const table = at(ec2('create-route-table', '--vpc-id', vpc), 'RouteTable', 'RouteTableId')
  ec2('associate-route-table', '--route-table-id', table, '--subnet-id', subnets[0] ?? '')
  const gateway = at(ec2('create-internet-gateway'), 'InternetGateway', 'InternetGatewayId')
  ec2('attach-internet-gateway', '--internet-gateway-id', gateway, '--vpc-id', vpc)
  ec2('create-route', '--route-table-id', table, '--destination-cidr-block', '0.0.0.0/0', '--gateway-id', gateway)
  ec2('create-network-acl', '--vpc-id', vpc)
  ec2(
    'create-subnet-cidr-reservation',
    '--subnet-id',
    subnets[0] ?? '',
    '--cidr',
    '10.240.0.96/28',
    '--reservation-type',
    'explicit',
  )
  const image = at((ec2('describe-images', '--owners', 'amazon').Images as Json[])[0], 'ImageId')
  for (const address of ['10.240.0.10', '10.240.0.20', '10.240.0.21']) {
    const run = ec2(
      'run-instances',
      '--image-id',
      image,
      '--instance-type',
      't3.micro',
      '--subnet-id',
      subnets[0] ?? '',
      '--private-ip-address',
      address,
      '--security-group-ids',
      group,
    )
    const eni = at(run, 'Instances', '0', 'NetworkInterfaces', '0', 'NetworkInterfaceId')
    ec2('modify-network-interface-attribute', '--network-interface-id', eni, '--no-source-dest-check')
    if (address === '10.240.0.20') {
      ec2('assign-private-ip-addresses', '--network-interface-id', eni, '--private-ip-addresses', '10.240.0.100')
      ec2(
        'create-route',
        '--route-table-id',
        table,
        '--destination-cidr-block',
        '172.20.0.100/32',
        '--network-interface-id',
        eni,
      )
      const allocation = at(ec2('allocate-address', '--domain', 'vpc'), 'AllocationId')
      ec2('associate-address', '--allocation-id', allocation, '--network-interface-id', eni)
    }
  }
  ec2(
    'create-nat-gateway',
    '--subnet-id',
    subnets[1] ?? '',
    '--allocation-id',
    at(ec2('allocate-address', '--domain', 'vpc'), 'AllocationId'),
  )
  Object.assign(made, { group, list, subnet: subnets[0], other: subnets[1] })
}, 300_000)

afterAll(() => {
  if (ready) account.stop()
})

async function collect(env: Record<string, string> = {}) {
  Object.assign(process.env, account.env, env)
  const { files, gaps } = await readAccount({
    region,
    profile: null,
    vpcId: null,
    nodes: Promise.resolve([
      { name: 'worker-0', addresses: ['10.240.0.20'], hostnames: [], providerId: null, region: null },
    ]),
    signal: new AbortController().signal,
    requestTimeoutMs: 20_000,
    wanted: Object.keys(awsKinds) as AwsKindName[],
    progress: () => undefined,
  })
  return {
    files,
    gaps,
    json: (file: string) => JSON.parse(Buffer.from(files.get(file) ?? '"absent"').toString()) as Json,
  }
}

where('an account is collected as the AWS CLI prints it, value for value', async () => {
  const { files, gaps, json } = await collect()
  expect([...gaps]).toEqual([])
  const vpc = made.vpc ?? ''
  const filtered: [keyof typeof awsKinds, string[]][] = [
    ['instances', ['--filters', `Name=vpc-id,Values=${vpc}`]],
    ['networkInterfaces', ['--filters', `Name=vpc-id,Values=${vpc}`]],
    ['subnets', ['--filters', `Name=vpc-id,Values=${vpc}`]],
    ['vpcs', ['--vpc-ids', vpc]],
    ['routeTables', ['--filters', `Name=vpc-id,Values=${vpc}`]],
    ['networkAcls', ['--filters', `Name=vpc-id,Values=${vpc}`]],
    ['securityGroups', ['--filters', `Name=vpc-id,Values=${vpc}`]],
    ['addresses', ['--filters', 'Name=domain,Values=vpc']],
    ['internetGateways', ['--filters', `Name=attachment.vpc-id,Values=${vpc}`]],
    ['natGateways', ['--filter', `Name=vpc-id,Values=${vpc}`]],
    ['managedPrefixLists', []],
    ['instanceTypes', ['--instance-types', 't3.micro']],
  ]
  for (const [name, argv] of filtered) {
    const call = awsFile(name).replace(/^aws\/|\.json$/g, '')
    expect({ [name]: json(awsFile(name)) }).toEqual({ [name]: ec2(call, ...argv) })
  }
  const groups = (json(awsFile('securityGroups')).SecurityGroups as Json[]).map((group) => String(group.GroupId))
  expect(json(awsFile('securityGroupRules'))).toEqual(
    ec2('describe-security-group-rules', '--filters', `Name=group-id,Values=${groups.join(',')}`),
  )
  for (const id of [made.subnet, made.other]) {
    expect(json(awsListsById.cidrReservations.file(id ?? ''))).toEqual(
      ec2('get-subnet-cidr-reservations', '--subnet-id', id ?? ''),
    )
  }
  expect(json(awsListsById.prefixListEntries.file(made.list ?? ''))).toEqual(
    ec2('get-managed-prefix-list-entries', '--prefix-list-id', made.list ?? ''),
  )
  expect(json('aws/caller-identity.json')).toEqual(aws('sts', 'get-caller-identity'))
  expect(Buffer.from(files.get('aws/region.txt') ?? []).toString()).toBe(`${region}\n`)
})

describe('credentials that the account does not know', () => {
  where('make every listing the same gap', async () => {
    await fetch(`${account.url}/moto-api/reset-auth`, { method: 'POST', body: '0' })
    const { files, gaps } = await collect({ AWS_ACCESS_KEY_ID: 'AKIANOBODY' })
    await fetch(`${account.url}/moto-api/reset-auth`, { method: 'POST', body: 'inf' })
    expect([...files.keys()]).toEqual(['aws/region.txt'])
    expect(gaps.get('aws/describe-subnets.json')).toMatch(
      /^the AWS credentials are not valid, or this clock is wrong \(AuthFailure: /,
    )
  })
})
