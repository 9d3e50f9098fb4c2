import type { Evidence } from '../../../src/evidence/evidence.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'

/** Files of a bundle by a short name, and the member that holds their list. */
const listings = {
  instances: ['aws/describe-instances.json', 'Reservations'],
  enis: ['aws/describe-network-interfaces.json', 'NetworkInterfaces'],
  subnets: ['aws/describe-subnets.json', 'Subnets'],
  vpcs: ['aws/describe-vpcs.json', 'Vpcs'],
  tables: ['aws/describe-route-tables.json', 'RouteTables'],
  acls: ['aws/describe-network-acls.json', 'NetworkAcls'],
  rules: ['aws/describe-security-group-rules.json', 'SecurityGroupRules'],
  groups: ['aws/describe-security-groups.json', 'SecurityGroups'],
  addresses: ['aws/describe-addresses.json', 'Addresses'],
  gateways: ['aws/describe-internet-gateways.json', 'InternetGateways'],
  services: ['kubernetes/services.json', 'items'],
  nodes: ['kubernetes/nodes.json', 'items'],
  pods: ['kubernetes/pods.json', 'items'],
  slices: ['kubernetes/endpointslices.discovery.k8s.io.json', 'items'],
  pools: ['kubernetes/ipaddresspools.metallb.io.json', 'items'],
} as const

type Listing = keyof typeof listings

/** How a recording differs: an edit of a listing's items, in place; or a whole file, by its path. */
export interface Edits extends Partial<Record<Listing, (items: Json[]) => void>> {
  readonly files?: Readonly<Record<string, Change>>
}

/** A recording with named differences. Where the listing of group rules is edited, the groups show none: they would name what it lacks. */
export const edited = (recording: string, edits: Edits): Promise<Evidence> => variant(recording, changesOf([edits]))

/** Several differences as one, each on top of the one before; a file that one takes away stays away. */
export function changesOf(all: readonly Edits[]): Readonly<Record<string, Change>> {
  const changes: Record<string, Change> = {}
  for (const [path, next] of all.flatMap((edits) => Object.entries(filesOf(edits)))) {
    const before = changes[path]
    changes[path] =
      typeof next === 'function' && before !== undefined
        ? typeof before === 'function'
          ? (text) => next(before(text))
          : typeof before === 'string'
            ? next(before)
            : before
        : next
  }
  return changes
}

function filesOf({ files = {}, ...edits }: Edits): Readonly<Record<string, Change>> {
  const changes = Object.entries(edits).map(([name, edit]): [string, Change] => {
    const [file, member] = listings[name as Listing]
    return [
      file,
      editJson((value: Json) => {
        edit(value[member] as Json[])
      }),
    ]
  })
  const other =
    'rules' in edits && !('groups' in edits) ? { 'aws/describe-security-groups.json': editJson(withoutRules) } : {}
  return { ...Object.fromEntries(changes), ...other, ...files }
}

function withoutRules({ SecurityGroups }: Json): void {
  for (const group of SecurityGroups) {
    delete group.IpPermissions
    delete group.IpPermissionsEgress
  }
}

/** The ids that all recordings of the `hard-way` account share. */
export const ids = {
  vpc: 'vpc-daf0e39ffc287f7bf',
  subnet: 'subnet-c1dad34c5444e3356',
  other: 'subnet-397f6f0d53e3fdacd',
  table: 'rtb-b78380200bc7d010a',
  mainTable: 'rtb-ec97e85219823bff2',
  group: 'sg-e6b0a1c1a5b02b2ae',
  bastionGroup: 'sg-0ba68216feac6f29d',
  acl: 'acl-72f21f6b68976cfd8',
  controller0: 'eni-e417573b36a6a2820',
  controller1: 'eni-2203ca7078892fb87',
  worker0: 'eni-17bf8c96a310b3a5a',
  worker1: 'eni-79c87191614e0201c',
  bastion: 'eni-174dd32221dd5e4dc',
} as const

/** The item with this id, whichever member holds it. */
export function byId(items: Json[], id: string): Json {
  const found = items.find((item) => Object.values(item as Record<string, unknown>).includes(id))
  if (found === undefined) throw new Error(`there is no ${id}`)
  return found
}

/** Puts the VIP on an interface, as `assign-private-ip-addresses` does; with nobody, takes it away. */
export function ownedBy(id: string | null, vip = '10.240.0.100'): (enis: Json[]) => void {
  return (enis) => {
    for (const eni of enis)
      eni.PrivateIpAddresses = eni.PrivateIpAddresses.filter((one: Json) => one.PrivateIpAddress !== vip)
    if (id !== null) byId(enis, id).PrivateIpAddresses.push({ Primary: false, PrivateIpAddress: vip })
  }
}

/** Leaves of a group's ingress rules only those given, as DescribeSecurityGroupRules prints them. */
export function ingress(rules: readonly Json[], groupId: string = ids.group): (items: Json[]) => void {
  return (items) => {
    const kept = items.filter((rule) => rule.GroupId !== groupId || rule.IsEgress === true)
    const added = rules.map((rule, index) => ({
      SecurityGroupRuleId: `sgr-${String(index)}`,
      GroupId: groupId,
      IsEgress: false,
      ...rule,
    }))
    items.splice(0, items.length, ...kept, ...added)
  }
}

export const tcp = (port: number, cidr: string): Json => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  CidrIpv4: cidr,
})

/** An entry of a network ACL, as the API prints it. */
export function entry(part: {
  readonly number: number
  readonly action: 'allow' | 'deny'
  readonly egress?: boolean
  readonly protocol?: string
  readonly port?: number
  readonly to?: number
  readonly cidr?: string
}): Json {
  const { number, action, egress = false, port, cidr = '0.0.0.0/0' } = part
  return {
    RuleNumber: number,
    RuleAction: action,
    Egress: egress,
    Protocol: part.protocol ?? (port === undefined ? '-1' : '6'),
    CidrBlock: cidr,
    ...(port === undefined ? {} : { PortRange: { From: port, To: part.to ?? port } }),
  }
}
