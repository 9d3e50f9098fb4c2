import { evidenceOf, type Evidence } from '../../../src/evidence/evidence.ts'
import { readManifest } from '../../../src/evidence/manifest.ts'
import { memoryStore } from '../../../src/evidence/store.ts'
import type { Json } from '../../kit/fixtures.ts'

/** A small account, as its describe calls would print it. What is null was not read. */
export interface Account {
  readonly rules?: readonly Json[] | null
  readonly groups?: readonly Json[] | null
  readonly enis?:
    | readonly {
        readonly id: string
        readonly addresses: readonly string[]
        readonly groups?: readonly string[]
        readonly subnet?: string
        readonly instance?: string
        readonly more?: Json
      }[]
    | null
  readonly subnets?: readonly Json[] | null
  readonly vpcs?: readonly Json[] | null
  readonly tables?: readonly Json[] | null
  readonly acls?: readonly Json[] | null
  readonly prefixLists?: Readonly<Record<string, readonly string[]>>
  readonly nodes?: readonly Json[]
}

/** Evidence of one VPC, 10.0.0.0/16, with the subnet 10.0.0.0/24, unless told otherwise. */
export function account({
  rules = [],
  groups = [],
  enis = [],
  subnets = [{ SubnetId: 'subnet-1', VpcId: 'vpc-1', CidrBlock: '10.0.0.0/24' }],
  vpcs = [{ VpcId: 'vpc-1', CidrBlock: '10.0.0.0/16' }],
  tables = null,
  acls = null,
  prefixLists = {},
  nodes = [],
}: Account): Evidence {
  const interfaces = enis?.map(({ id, addresses, groups: own = [], subnet = 'subnet-1', instance, more }) => ({
    NetworkInterfaceId: id,
    VpcId: 'vpc-1',
    SubnetId: subnet,
    PrivateIpAddress: addresses[0],
    PrivateIpAddresses: addresses.map((PrivateIpAddress, at) => ({ PrivateIpAddress, Primary: at === 0 })),
    Groups: own.map((GroupId) => ({ GroupId })),
    ...(instance === undefined
      ? {}
      : { Attachment: { InstanceId: instance, DeviceIndex: 0, Status: 'attached' }, Status: 'in-use' }),
    ...(more as object | undefined),
  }))
  const files: Readonly<Record<string, Json>> = {
    'bundle.json': { format: 'vipdoctor-bundle', version: 1 },
    'aws/describe-security-group-rules.json': rules && { SecurityGroupRules: rules },
    'aws/describe-security-groups.json': groups && { SecurityGroups: groups },
    'aws/describe-network-interfaces.json': interfaces && { NetworkInterfaces: interfaces },
    'aws/describe-subnets.json': subnets && { Subnets: subnets },
    'aws/describe-vpcs.json': vpcs && { Vpcs: vpcs },
    'aws/describe-route-tables.json': tables && { RouteTables: tables },
    'aws/describe-network-acls.json': acls && { NetworkAcls: acls },
    'kubernetes/nodes.json': { items: nodes },
    ...Object.fromEntries(
      Object.entries(prefixLists).map(([id, list]) => [
        `aws/get-managed-prefix-list-entries-${id}.json`,
        { Entries: list.map((Cidr) => ({ Cidr })) },
      ]),
    ),
  }
  const present = Object.entries(files).filter(([, value]) => value !== null && value !== undefined)
  const store = memoryStore(new Map(present.map(([path, value]) => [path, Buffer.from(JSON.stringify(value))])))
  return evidenceOf(store, readManifest(store, 'account'))
}
