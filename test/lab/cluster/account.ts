import http from 'node:http'
import * as ec2 from '@aws-sdk/client-ec2'
import { daemon, tool, until } from '../../e2e/tools.ts'
import { bastion, far, nodes, outsideCidr, region, serviceCidr, subnets, vip, vpcCidr } from './plan.ts'

// The EC2 account: moto's server, and before it a door that tells the fabric of each change before the one who made it has an answer.

const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' }
const ImageId = 'ami-0123456789abcdef0'
const motoPort = 5001
const endpoint = 'http://127.0.0.1:5000'

/** What the real `aws` and the program under test are given. */
export const awsEnv = {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ENDPOINT_URL: endpoint,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
}

/** The parts of the account that decide what the VPC does with a packet. */
export interface AccountState {
  readonly subnets: readonly ec2.Subnet[]
  readonly interfaces: readonly ec2.NetworkInterface[]
  readonly groups: readonly ec2.SecurityGroup[]
  readonly acls: readonly ec2.NetworkAcl[]
  readonly tables: readonly ec2.RouteTable[]
}

const client = (): ec2.EC2Client =>
  new ec2.EC2Client({ region, credentials, endpoint: `http://127.0.0.1:${String(motoPort)}` })

async function readState(api: ec2.EC2Client): Promise<AccountState> {
  const [subnets, interfaces, groups, acls, tables] = await Promise.all([
    api.send(new ec2.DescribeSubnetsCommand({})),
    api.send(new ec2.DescribeNetworkInterfacesCommand({})),
    api.send(new ec2.DescribeSecurityGroupsCommand({})),
    api.send(new ec2.DescribeNetworkAclsCommand({})),
    api.send(new ec2.DescribeRouteTablesCommand({})),
  ])
  return {
    subnets: (subnets.Subnets ?? []).toSorted((one, other) =>
      (one.CidrBlock ?? '') < (other.CidrBlock ?? '') ? -1 : 1,
    ),
    interfaces: interfaces.NetworkInterfaces ?? [],
    groups: groups.SecurityGroups ?? [],
    acls: acls.NetworkAcls ?? [],
    tables: tables.RouteTables ?? [],
  }
}

export interface Account {
  readonly api: ec2.EC2Client
  /** Puts everything back as it was made; ids stay. */
  readonly restore: () => Promise<void>
}

/** Starts the account; `changed` is awaited before whoever changed something has the answer. */
export async function startAccount(changed: (state: AccountState) => Promise<void>): Promise<Account> {
  process.env.AWS_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const moto = daemon(tool('python/bin/moto_server'), ['-H', '127.0.0.1', '-p', String(motoPort)], {
    ...process.env,
    PYTHONDONTWRITEBYTECODE: '1',
    // With its thousand images moto takes ten seconds to be as new, before each fault.
    MOTO_EC2_LOAD_DEFAULT_AMIS: 'false',
  })
  const url = `http://127.0.0.1:${String(motoPort)}/moto-api`
  await until(async () => (await fetch(`${url}/`)).ok, moto, 180)
  const api = client()
  let owners = new Map<string, string>()
  let touched = true
  const tell = async (): Promise<void> => {
    let state = await readState(api)
    if (await amend(api, state, owners)) state = await readState(api)
    owners = ownersOf(state)
    await changed(state)
  }
  await open(() => {
    touched = true
    return tell()
  })
  const restore = async (): Promise<void> => {
    if (!touched) return
    touched = false
    // moto makes the default VPC at the first question; seeded after that, what is made here has the same ids each time.
    await fetch(`${url}/reset`, { method: 'POST' })
    await api.send(new ec2.DescribeVpcsCommand({}))
    await fetch(`${url}/seed?a=7`, { method: 'POST' })
    owners = new Map()
    await make(api)
    await tell()
  }
  await restore()
  return { api, restore }
}

const addressesOf = (one: ec2.NetworkInterface): readonly string[] =>
  (one.PrivateIpAddresses ?? []).map(({ PrivateIpAddress }) => PrivateIpAddress ?? '')

const ownersOf = ({ interfaces }: AccountState): Map<string, string> =>
  new Map(interfaces.flatMap((one) => addressesOf(one).map((each) => [each, one.NetworkInterfaceId ?? ''] as const)))

/** moto 5.2.1 leaves a reassigned address on its old interface too; EC2 takes it away there. */
async function amend(api: ec2.EC2Client, state: AccountState, before: ReadonlyMap<string, string>): Promise<boolean> {
  const holders = (address: string) => state.interfaces.filter((one) => addressesOf(one).includes(address))
  const twice = [...ownersOf(state).keys()].filter((address) => holders(address).length > 1)
  for (const address of twice) {
    const NetworkInterfaceId = before.get(address)
    await api.send(new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: [address] }))
  }
  return twice.length > 0
}

/** The account's door: passes each request on to moto, and tells of those that may have changed something. */
async function open(tell: () => Promise<void>): Promise<void> {
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      const { method, url, headers } = request
      const onward = http.request({ port: motoPort, method, path: url, headers }, (answer) => {
        const reads = /Action=(Describe|Get)/.test(body.toString())
        void (reads ? Promise.resolve() : tell()).finally(() => {
          response.writeHead(answer.statusCode ?? 500, answer.headers)
          answer.pipe(response)
        })
      })
      onward.on('error', () => response.destroy())
      onward.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(Number(new URL(endpoint).port), '127.0.0.1', resolve))
}

/** Makes the healthy account: a VPC with two subnets, the nodes with their pods' routes, two clients, a VPN gateway. */
async function make(api: ec2.EC2Client): Promise<void> {
  for (const { VpcId } of (await api.send(new ec2.DescribeVpcsCommand({}))).Vpcs ?? []) await removeVpc(api, VpcId)
  const vpc = (await api.send(new ec2.CreateVpcCommand({ CidrBlock: vpcCidr }))).Vpc?.VpcId
  const made = []
  for (const CidrBlock of subnets) {
    made.push((await api.send(new ec2.CreateSubnetCommand({ VpcId: vpc, CidrBlock }))).Subnet?.SubnetId)
  }
  const group = async (GroupName: string, rules: readonly ec2.IpPermission[]): Promise<string> => {
    const asked = new ec2.CreateSecurityGroupCommand({ VpcId: vpc, GroupName, Description: `the ${GroupName}` })
    const GroupId = (await api.send(asked)).GroupId ?? ''
    const UserIdGroupPairs = [{ GroupId }]
    const IpPermissions = [{ IpProtocol: '-1', UserIdGroupPairs }, ...rules]
    await api.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
    return GroupId
  }
  const kubernetes = await group('kubernetes', [
    { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.200.0.0/16' }, { CidrIp: serviceCidr }] },
    ...[22, 6443].map((port) => tcp(port, vpcCidr)),
    tcp(80, '0.0.0.0/0'),
  ])
  const clients = await group('clients', [tcp(22, vpcCidr)])
  const table = (await api.send(new ec2.CreateRouteTableCommand({ VpcId: vpc }))).RouteTable?.RouteTableId
  for (const SubnetId of made) await api.send(new ec2.AssociateRouteTableCommand({ RouteTableId: table, SubnetId }))
  const gateway = (await api.send(new ec2.CreateVpnGatewayCommand({ Type: 'ipsec.1' }))).VpnGateway?.VpnGatewayId
  await api.send(new ec2.AttachVpnGatewayCommand({ VpcId: vpc, VpnGatewayId: gateway }))
  const route = (DestinationCidrBlock: string, way: Partial<ec2.CreateRouteCommandInput>) =>
    api.send(new ec2.CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock, ...way }))
  await route(outsideCidr, { GatewayId: gateway })
  const tableOwner = nodes[0]?.name
  for (const host of [...nodes, bastion, far]) {
    const SubnetId = host === far ? made[1] : made[0]
    const SecurityGroupIds = [host.podCidr === undefined ? clients : kubernetes]
    const Tags = [{ Key: 'Name', Value: host.name }]
    const PrivateIpAddress = host.address
    const asked = new ec2.RunInstancesCommand({
      ...{
        ImageId,
        SubnetId,
        SecurityGroupIds,
        PrivateIpAddress,
        InstanceType: 't3.small',
        MinCount: 1,
        MaxCount: 1,
      },
      TagSpecifications: [{ ResourceType: 'instance', Tags }],
    })
    const NetworkInterfaceId = (await api.send(asked)).Instances?.[0]?.NetworkInterfaces?.[0]?.NetworkInterfaceId
    if (host.podCidr === undefined) continue
    const SourceDestCheck = { Value: false }
    await api.send(new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, SourceDestCheck }))
    await route(host.podCidr, { NetworkInterfaceId })
    if (host.name !== tableOwner) continue
    await api.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses: [vip] }))
  }
}

const tcp = (port: number, CidrIp: string): ec2.IpPermission => ({
  ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
  IpRanges: [{ CidrIp }],
})

/** The default VPC, which the lab has no use for. */
async function removeVpc(api: ec2.EC2Client, VpcId: string | undefined): Promise<void> {
  const Filters = [{ Name: 'vpc-id', Values: [VpcId ?? ''] }]
  for (const { SubnetId } of (await api.send(new ec2.DescribeSubnetsCommand({ Filters }))).Subnets ?? []) {
    await api.send(new ec2.DeleteSubnetCommand({ SubnetId }))
  }
  await api.send(new ec2.DeleteVpcCommand({ VpcId })).catch(() => undefined)
}
