import { awsListsById, type AwsKindName } from '../../evidence/ec2/kinds.ts'
import { inChunks, itemsOf, textsOf, type Item, type Listings } from './listings.ts'

/** Reads the wanted listings of one VPC, in rounds: a later one asks for what an earlier one named. */
export async function readVpc(
  { list, kind: readKind }: Listings,
  vpcId: string,
  wanted: readonly AwsKindName[],
): Promise<void> {
  const kind: Listings['kind'] = (name, ...inputs) =>
    wanted.includes(name) ? readKind(name, ...inputs) : Promise.resolve(null)
  const filter = (name: string, values: readonly string[] = [vpcId]) => ({ Filters: [{ Name: name, Values: values }] })
  const [instances, interfaces, subnets, routeTables, groups] = await Promise.all([
    kind('instances', filter('vpc-id')),
    kind('networkInterfaces', filter('vpc-id')),
    kind('subnets', filter('vpc-id')),
    kind('routeTables', filter('vpc-id')),
    kind('securityGroups', filter('vpc-id')),
    kind('networkAcls', filter('vpc-id')),
    kind('addresses', filter('domain', ['vpc'])),
    kind('internetGateways', filter('attachment.vpc-id')),
    // This one action names its filters in the singular.
    kind('natGateways', { Filter: [{ Name: 'vpc-id', Values: [vpcId] }] }),
    kind('managedPrefixLists', {}),
  ])

  const groupIds = textsOf(
    groups === null
      ? itemsOf(interfaces, 'NetworkInterfaces').flatMap((item) => itemsOf(item, 'Groups'))
      : itemsOf(groups, 'SecurityGroups'),
    'GroupId',
  )
  const running = itemsOf(instances, 'Reservations').flatMap((reservation) => itemsOf(reservation, 'Instances'))
  const [rules] = await Promise.all([
    kind('securityGroupRules', ...inChunks(groupIds).map((ids) => filter('group-id', ids))),
    kind(
      'instanceTypes',
      ...inChunks(textsOf(running, 'InstanceType'), 100).map((types) => ({ InstanceTypes: types })),
    ),
    ...textsOf(itemsOf(subnets, 'Subnets'), 'SubnetId').map((id) =>
      list(
        'GetSubnetCidrReservations',
        awsListsById.cidrReservations.file(id),
        [{ SubnetId: id }],
        ['SubnetIpv4CidrReservations', 'SubnetIpv6CidrReservations'],
      ),
    ),
  ])

  const routes = itemsOf(routeTables, 'RouteTables').flatMap((table) => itemsOf(table, 'Routes'))
  const permissions = itemsOf(groups, 'SecurityGroups').flatMap((group) =>
    [...itemsOf(group, 'IpPermissions'), ...itemsOf(group, 'IpPermissionsEgress')].flatMap((rule) =>
      itemsOf(rule, 'PrefixListIds'),
    ),
  )
  await Promise.all(
    prefixLists([...itemsOf(rules, 'SecurityGroupRules'), ...permissions, ...routes]).map((id) =>
      list('GetManagedPrefixListEntries', awsListsById.prefixListEntries.file(id), [{ PrefixListId: id }], ['Entries']),
    ),
  )
}

const prefixLists = (items: readonly Item[]): readonly string[] =>
  [...new Set([...textsOf(items, 'PrefixListId'), ...textsOf(items, 'DestinationPrefixListId')])].sort()
