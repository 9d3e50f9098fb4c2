import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gap, isGap, known, type Gap, type Known } from '../../evidence/gap.ts'
import type { Node } from '../../evidence/kubernetes/kinds.ts'
import { UserError } from '../../evidence/user-error.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import { holdersOf } from './holders.ts'
import { perEvidence } from '../../evidence/memo.ts'

/** The instance id in a node's providerID (`aws:///us-east-1a/i-0abc`, or the id alone); null for another provider's, or Fargate's. */
export function instanceIdOf(node: Node): string | null {
  const last = node.spec?.providerID?.split('/').at(-1) ?? ''
  return /^i-[^/]*$/.test(last) ? last : null
}

/** A node's internal addresses, of both families. */
export function internalAddresses(node: Node): readonly Address[] {
  return (node.status?.addresses ?? []).flatMap(({ type, address }) =>
    type === 'InternalIP' ? (parseAddress(address) ?? []) : [],
  )
}

const source = 'aws/describe-network-interfaces.json'

/** The VPCs in which the nodes may stand: one where the evidence decides, several where it does not. */
const candidates = perEvidence((evidence: Evidence): Known<readonly string[]> => {
  const { nodes } = evidence.kubernetes
  const { networkInterfaces, instances } = evidence.aws
  if (isGap(networkInterfaces)) return networkInterfaces
  // Without the nodes those that were read tell by their hardware addresses; an account of one VPC leaves no choice.
  if (isGap(nodes)) {
    const read = evidence.nodeNames.flatMap((node) =>
      interfacesByMac(evidence, node).flatMap(({ VpcId }) => VpcId ?? []),
    )
    if (read.length > 0) return [...new Set(read)].sort()
    const seen = [...new Set(networkInterfaces.flatMap(({ VpcId }) => VpcId ?? []))].sort()
    return seen.length === 1 ? seen : nodes
  }
  const byInstance = new Map(networkInterfaces.map(({ Attachment, VpcId }) => [Attachment?.InstanceId, VpcId]))
  const named = nodes.flatMap((node) => byInstance.get(instanceIdOf(node) ?? '') ?? [])
  if (named.length > 0) return [...new Set(named)].sort()
  const vpcIds = [...new Set(networkInterfaces.flatMap(({ VpcId }) => VpcId ?? []))].sort()
  const counted = vpcIds.map((vpcId) => ({ vpcId, count: nodes.filter((node) => isIn(evidence, vpcId, node)).length }))
  const whole = counted.filter(({ count }) => count === nodes.length && count > 0)
  if (whole.length > 0) return whole.map(({ vpcId }) => vpcId)
  const some = counted.filter(({ count }) => count > 0)
  if (some.length > 0) return some.map(({ vpcId }) => vpcId)
  const hosts = new Set(nodes.flatMap(hostNames))
  const byName = (known(instances) ?? []).filter(({ PrivateDnsName, InstanceId, Tags }) =>
    [PrivateDnsName, InstanceId, Tags?.find(({ Key }) => Key === 'Name')?.Value].some(
      (name) => name !== undefined && name !== '' && hosts.has(name),
    ),
  )
  return [...new Set(byName.flatMap(({ VpcId }) => VpcId ?? []))].sort()
})

/** The interfaces that a host which was read has, by the hardware addresses of its devices. */
export function interfacesByMac(evidence: Evidence, node: string): readonly NetworkInterface[] {
  const macs = new Set((known(evidence.node(node).ipLink) ?? []).flatMap(({ address }) => address?.toLowerCase() ?? []))
  return (known(evidence.aws.networkInterfaces) ?? []).filter(({ MacAddress }) =>
    macs.has(MacAddress?.toLowerCase() ?? ''),
  )
}

function isIn(evidence: Evidence, vpcId: string, node: Node): boolean {
  return internalAddresses(node).some((address) => (known(holdersOf(evidence, vpcId, address)) ?? []).length > 0)
}

/** The names by which an instance may know a node: its own, its host name, each whole and without the domain. */
export function hostNames(node: Node): readonly string[] {
  const names = [
    node.metadata?.name,
    ...(node.status?.addresses ?? []).map(({ type, address }) =>
      type === 'Hostname' || type === 'InternalDNS' ? address : undefined,
    ),
  ]
  return [...new Set(names.flatMap((name) => (name ? [name, name.split('.')[0] ?? name] : [])))]
}

/** The VPC of the cluster's nodes: the one that the user named, else the one that holds the nodes; a gap where that is none or several. */
export function clusterVpc(evidence: Evidence, vpcId: string | null): Known<string> {
  if (vpcId !== null) return vpcId
  const found = candidates(evidence)
  if (isGap(found)) return found
  const [first, ...others] = found
  if (first === undefined) return noneFits()
  return others.length === 0
    ? first
    : gap(source, `the nodes' addresses fit ${found.join(' and ')}; --vpc-id says which is meant`)
}

const noneFits = (): Gap =>
  gap(source, 'no interface in it holds an address of a node: it may be of another account, region or VPC')

/** @throws UserError for a VPC that an account's listing does not have. */
export function requireVpc({ aws: { vpcs } }: Evidence, vpcId: string | null): void {
  if (vpcId === null || isGap(vpcs) || vpcs.some(({ VpcId }) => VpcId === vpcId)) return
  const ids = vpcs.flatMap(({ VpcId }) => VpcId ?? [])
  throw new UserError(`There is no VPC ${vpcId} in the evidence.`, `It has ${ids.join(', ')}.`)
}
