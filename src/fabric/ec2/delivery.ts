import type { NetworkInterface, Subnet } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gap, isGap, known, type Gap, type Known } from '../../evidence/gap.ts'
import { perEvidenceOf } from '../../evidence/memo.ts'
import type { Question } from '../../evidence/question.ts'
import { rangeHas } from '../../net/range.ts'
import type { Address } from '../../net/address.ts'
import { subnetById, subnetOfAddress, vpcById, vpcRanges, type SubnetPlace } from './address-space.ts'
import { clusterVpc } from './cluster-vpc.ts'
import { holdersOf, type Holding } from './holders.ts'
import { nodeInterfaces, nodeOfInterface } from './node-interfaces.ts'
import { interfaceOf, routeFor, routeTableOf, type RouteMatch } from './routes.ts'

/**
 * To whom the VPC hands a packet for the VIP: the interface that owns the address, or the target of a route. `node` is the cluster node
 * that the interface belongs to, null if it belongs to none.
 */
export type VpcDelivery =
  | {
      readonly by: 'owner'
      readonly interface: NetworkInterface
      readonly node: string | null
      readonly holding: Holding
    }
  | {
      readonly by: 'route'
      readonly interface: NetworkInterface
      readonly node: string | null
      readonly route: RouteMatch
    }
  | { readonly by: 'nobody' }

/** Where the VIP lies: in which VPC, inside its ranges or not, and in which subnet. */
export interface VipPlace {
  readonly vip: Address
  readonly vpcId: string
  readonly insideVpc: boolean
  readonly place: SubnetPlace | null
}

/** @returns a gap where the VPC or its ranges are not known. */
export const vipPlace = perEvidenceOf((evidence: Evidence, { vip, vpcId: asked }: Question): Known<VipPlace> => {
  if (vip === null) return gap('kubernetes/services.json', 'the Service has no VIP yet')
  const vpcId = clusterVpc(evidence, asked)
  if (isGap(vpcId)) return vpcId
  const place = subnetOfAddress(evidence, vpcId, vip)
  const vpc = vpcById(evidence, vpcId)
  // An address of one of its subnets is inside the VPC, also where DescribeVpcs was denied.
  if (!isGap(place) && place !== null) return { vip, vpcId, insideVpc: true, place }
  if (isGap(vpc)) return vpc
  const insideVpc = vpcRanges(vpc).some((range) => rangeHas(range, vip))
  if (insideVpc && isGap(place)) return place
  return { vip, vpcId, insideVpc, place: null }
})

/**
 * Who gets the packet. Inside the VPC's ranges ownership alone decides: a route inside them can only name a whole subnet, and a frame to
 * an address of the sender's own subnet meets no route (VPC User Guide, "Subnet route tables"). Outside them the route table of the
 * client's subnet decides; of the default client, another host beside the receiving node, it is that of the target's subnet.
 */
export const vpcDelivery = perEvidenceOf((evidence: Evidence, question: Question): Known<VpcDelivery> => {
  const where = vipPlace(evidence, question)
  if (isGap(where)) return where
  const owners = holdersOf(evidence, where.vpcId, where.vip)
  if (isGap(owners)) return owners
  const [owner] = [...owners].sort((one, other) => Number(isAttached(other)) - Number(isAttached(one)))
  if (owner !== undefined) {
    const node = nodeOfInterface(evidence, owner.interface)
    return isGap(node) ? node : { by: 'owner', interface: owner.interface, node, holding: owner }
  }
  if (where.insideVpc) return hiddenOwner(evidence, where) ?? { by: 'nobody' }
  return byRoute(evidence, question, where)
})

const isAttached = (holding: Holding): boolean => holding.interface.Attachment?.Status === 'attached'

/** Why nobody seen may still be somebody: another account's interfaces in a shared subnet, or a real layer 2 on an Outposts server. */
export function hiddenOwner(evidence: Evidence, { place, vpcId }: VipPlace): Gap | null {
  const { callerIdentity } = evidence.aws
  const account = known(callerIdentity)?.Account
  if (place === null) return null
  const { subnet } = place
  if (account !== undefined && subnet.OwnerId !== undefined && subnet.OwnerId !== account) {
    return gap(
      'aws/describe-network-interfaces.json',
      `${subnet.SubnetId ?? ''} of ${vpcId} is shared by account ${subnet.OwnerId}, and account ${account} sees only its own interfaces in it`,
    )
  }
  return localInterfaces(subnet)
}

/** A local network interface of an Outposts server is a port of the customer's own network, where ARP decides; no API knows its addresses. */
function localInterfaces({ SubnetId, EnableLniAtDeviceIndex, OutpostArn }: Subnet): Gap | null {
  const lni = EnableLniAtDeviceIndex !== undefined && EnableLniAtDeviceIndex > 0
  if (!lni && (OutpostArn === undefined || OutpostArn === '')) return null
  return gap(
    'aws/describe-subnets.json',
    `${SubnetId ?? ''} is on an Outpost, where a local network interface is a real port of a network with ARP`,
  )
}

/** The subnets from which the packet may start, by what the client is; those of the nodes for the default client. */
export function clientSubnets(evidence: Evidence, question: Question, vpcId: string): Known<readonly string[]> {
  const { client } = question
  if (client.kind === 'address') {
    const place = subnetOfAddress(evidence, vpcId, client.address)
    if (isGap(place)) return place
    if (place?.subnet.SubnetId !== undefined) return [place.subnet.SubnetId]
  }
  return nodeSubnets(evidence, question)
}

/** The subnets in which the nodes have interfaces, the one with most of them first. */
export function nodeSubnets(evidence: Evidence, { vpcId }: Question): Known<readonly string[]> {
  const own = nodeInterfaces(evidence, vpcId)
  if (isGap(own)) return own
  const count = new Map<string, number>()
  for (const { SubnetId } of [...own.values()].flat()) {
    if (SubnetId !== undefined) count.set(SubnetId, (count.get(SubnetId) ?? 0) + 1)
  }
  return [...count].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([subnetId]) => subnetId)
}

function byRoute(evidence: Evidence, question: Question, { vip, vpcId }: VipPlace): Known<VpcDelivery> {
  const subnets = clientSubnets(evidence, question, vpcId)
  if (isGap(subnets)) return subnets
  const gaps: Gap[] = []
  for (const subnetId of subnets) {
    const table = routeTableOf(evidence, vpcId, subnetId)
    const route = isGap(table) ? table : routeFor(evidence, table, vip)
    if (isGap(route)) {
      gaps.push(route)
      continue
    }
    // A default route that leads to a NAT instance names the VIP no more than one to an internet gateway does.
    if (route === null || route.route.State === 'blackhole' || route.prefix.prefix === 0) continue
    const target = interfaceOf(evidence, vpcId, route.route)
    if (isGap(target)) gaps.push(target)
    else if (target !== null) {
      const node = nodeOfInterface(evidence, target)
      return isGap(node) ? node : { by: 'route', interface: target, node, route }
    }
  }
  return gaps[0] ?? { by: 'nobody' }
}

/** The subnet of an interface. */
export function subnetOfInterface(evidence: Evidence, eni: NetworkInterface): Known<Subnet> {
  return eni.SubnetId === undefined
    ? gap('aws/describe-network-interfaces.json', `${eni.NetworkInterfaceId ?? ''} names no subnet`)
    : subnetById(evidence, eni.SubnetId)
}

/**
 * The interface of a node at which the packet arrives, or would: the owner or route target if it is the node's; else the node's interface
 * in the VIP's subnet; else its first one. Null for a node without interfaces in the VPC.
 */
export function arrivalInterface(evidence: Evidence, question: Question, node: string): Known<NetworkInterface | null> {
  const delivery = vpcDelivery(evidence, question)
  if (!isGap(delivery) && delivery.by !== 'nobody' && delivery.node === node) return delivery.interface
  const own = nodeInterfaces(evidence, question.vpcId)
  if (isGap(own)) return own
  const enis = own.get(node) ?? []
  const where = known(vipPlace(evidence, question))
  const subnetId = where?.place?.subnet.SubnetId
  return enis.find((eni) => eni.SubnetId === subnetId) ?? enis[0] ?? null
}

interface Link {
  readonly address?: string | undefined
  readonly link?: string | undefined
  readonly master?: string | undefined
}

/** The interface that a device of a node's system is: the one with its MAC. Null for what is built inside the node. */
export function interfaceOfDevice(
  interfaces: readonly NetworkInterface[],
  links: readonly (Link & { readonly ifname?: string | undefined })[],
  device: string,
): NetworkInterface | null {
  const mac = links.find(({ ifname }) => ifname === device)?.address?.toLowerCase()
  return interfaces.find(({ MacAddress }) => mac !== undefined && MacAddress?.toLowerCase() === mac) ?? null
}

/** The links of a node's system that are an interface: those with its MAC, without what is built upon one of them (VLANs, ipvlan) or joined in another. */
export function linksOfInterface<L extends Link>({ MacAddress }: NetworkInterface, links: readonly L[]): readonly L[] {
  const mac = MacAddress?.toLowerCase()
  return links.filter(
    ({ address, link, master }) =>
      mac !== undefined && address?.toLowerCase() === mac && link === undefined && master === undefined,
  )
}
