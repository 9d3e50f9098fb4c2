import { inChunks, itemsOf, type Listings } from './listings.ts'
import { instanceIdOf, type NodeHint } from './region.ts'

/**
 * The VPC that the cluster's nodes are in: the one whose interfaces hold most of the nodes' addresses, else the one of the instances that
 * the nodes' provider ids name. Ranges overlap everywhere (10.0.0.0/16), so where two VPCs fit equally well the user must choose.
 */
export async function findVpc(
  { list, refused }: Listings,
  nodes: readonly NodeHint[],
): Promise<{ vpcId: string } | { reason: string }> {
  const addresses = nodes.flatMap((node) => node.addresses)
  const ids = nodes.map((node) => instanceIdOf(node.providerId)).filter((id) => id !== null)
  if (addresses.length === 0 && ids.length === 0)
    return { reason: 'the nodes are not known, so neither is their VPC: name it by --vpc-id' }

  // A hundred nodes tell the VPC as well as a thousand do.
  const sample = addresses.slice(0, 200)
  const filters = [{ Name: 'addresses.private-ip-address', Values: sample }]
  const interfaces =
    sample.length === 0
      ? null
      : await list('DescribeNetworkInterfaces', null, [{ Filters: filters }], ['NetworkInterfaces'])
  const byAddress = mostNamed(itemsOf(interfaces, 'NetworkInterfaces').map((item) => item.VpcId))
  if (byAddress.length === 1) return { vpcId: byAddress[0] ?? '' }

  const instanceFilter =
    ids.length > 0
      ? { Name: 'instance-id', Values: inChunks(ids)[0] ?? [] }
      : { Name: 'private-ip-address', Values: sample }
  const instances = await list('DescribeInstances', null, [{ Filters: [instanceFilter] }], ['Reservations'])
  const all = itemsOf(instances, 'Reservations').flatMap((reservation) => itemsOf(reservation, 'Instances'))
  const byInstance = mostNamed(all.map((item) => item.VpcId))
  if (byInstance.length === 1) return { vpcId: byInstance[0] ?? '' }
  const several = byAddress.length > 1 ? byAddress : byInstance
  if (several.length > 1)
    return { reason: `the nodes' addresses fit ${several.join(' and ')} equally well: name one by --vpc-id` }
  const denied = refused('DescribeNetworkInterfaces')
  if (denied !== null) return { reason: `the nodes' VPC was not found, because ${denied}: name it by --vpc-id` }
  return {
    reason: 'no interface that this account shows in this region holds an address of a node: name the VPC by --vpc-id',
  }
}

/** The values named most often, sorted; several where they tie. */
function mostNamed(values: readonly unknown[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const value of values) if (typeof value === 'string') counts.set(value, (counts.get(value) ?? 0) + 1)
  const most = Math.max(0, ...counts.values())
  return [...counts]
    .filter(([, count]) => count === most)
    .map(([value]) => value)
    .sort()
}
