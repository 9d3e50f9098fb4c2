import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import { lackingNodes } from '../../evidence/lacking.ts'
import type { Node } from '../../evidence/kubernetes/kinds.ts'
import { clusterVpc, hostNames, instanceIdOf, interfacesByMac, internalAddresses } from './cluster-vpc.ts'
import { holdersOf, interfacesOfVpc } from './holders.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'

interface NodeIndex {
  /** By interface id: EC2 lets a node have several interfaces, each in its own subnet with its own groups. */
  readonly nodeOf: ReadonlyMap<string, string>
  readonly interfacesOf: ReadonlyMap<string, readonly NetworkInterface[]>
}

const indexOf = perEvidenceAnd((evidence: Evidence, vpcId: string): Known<NodeIndex> => {
  const { nodes } = evidence.kubernetes
  const enis = interfacesOfVpc(evidence, vpcId)
  if (isGap(enis)) return enis
  const hosts = isGap(nodes) ? evidence.nodeNames : []
  if (isGap(nodes) && hosts.length === 0) return nodes
  const byInstance = new Map<string, NetworkInterface[]>()
  for (const eni of enis) {
    const id = eni.Attachment?.InstanceId
    if (id !== undefined) byInstance.set(id, [...(byInstance.get(id) ?? []), eni])
  }
  const interfacesOf = new Map<string, readonly NetworkInterface[]>()
  // Without the Nodes those that were read are known by their hardware addresses.
  for (const name of hosts) {
    const own = interfacesByMac(evidence, name).filter(({ VpcId }) => VpcId === vpcId)
    if (own.length > 0) interfacesOf.set(name, own)
  }
  for (const node of known(nodes) ?? []) {
    const { name } = node.metadata ?? {}
    if (name === undefined) continue
    const attached = byInstance.get(instanceOf(evidence, vpcId, node) ?? '') ?? holdersOfNode(evidence, vpcId, node)
    interfacesOf.set(
      name,
      [...attached].sort((one, other) => deviceIndex(one) - deviceIndex(other)),
    )
  }
  const nodeOf = new Map(
    [...interfacesOf].flatMap(([name, own]) =>
      own.map((eni): [string, string] => [eni.NetworkInterfaceId ?? '', name]),
    ),
  )
  return { nodeOf, interfacesOf }
})

/** The instance of a node: by providerID, then by who holds its internal address, then by its host name. */
function instanceOf(evidence: Evidence, vpcId: string, node: Node): string | null {
  const named = instanceIdOf(node)
  if (named !== null) return named
  const held = holdersOfNode(evidence, vpcId, node).flatMap(({ Attachment }) => Attachment?.InstanceId ?? [])
  if (held[0] !== undefined) return held[0]
  const names = hostNames(node)
  const instance = (known(evidence.aws.instances) ?? []).find(
    ({ VpcId, InstanceId, PrivateDnsName, Tags }) =>
      VpcId === vpcId &&
      [InstanceId, PrivateDnsName, PrivateDnsName?.split('.')[0], Tags?.find(({ Key }) => Key === 'Name')?.Value].some(
        (one) => one !== undefined && one !== '' && names.includes(one),
      ),
  )
  return instance?.InstanceId ?? null
}

/** The instance id of a node, as the account and the cluster tell it; null where no instance is this node. */
export function nodeInstance(evidence: Evidence, node: Node): Known<string | null> {
  const named = instanceIdOf(node)
  if (named !== null) return named
  const vpc = clusterVpc(evidence, null)
  return isGap(vpc) ? vpc : instanceOf(evidence, vpc, node)
}

function holdersOfNode(evidence: Evidence, vpcId: string, node: Node): readonly NetworkInterface[] {
  return internalAddresses(node).flatMap((address) =>
    (known(holdersOf(evidence, vpcId, address)) ?? []).map((holding) => holding.interface),
  )
}

const deviceIndex = ({ Attachment }: NetworkInterface): number => Attachment?.DeviceIndex ?? 99

/** The node whose instance has this interface attached; null if no node has, a gap if the listing of nodes is not whole. */
export function nodeOfInterface(evidence: Evidence, eni: NetworkInterface): Known<string | null> {
  const index = indexOf(evidence, eni.VpcId ?? '')
  return isGap(index) ? index : (index.nodeOf.get(eni.NetworkInterfaceId ?? '') ?? lackingNodes(evidence))
}

/** The interfaces of a node, the instance's first one first; none for a node that is no instance of the VPC. `vpcId` is what the user named. */
export function interfacesOfNode(
  evidence: Evidence,
  node: string,
  vpcId: string | null = null,
): Known<readonly NetworkInterface[]> {
  const vpc = clusterVpc(evidence, vpcId)
  if (isGap(vpc)) return vpc
  const index = indexOf(evidence, vpc)
  return isGap(index) ? index : (index.interfacesOf.get(node) ?? [])
}

/** Every interface of every node, by node. */
export function nodeInterfaces(
  evidence: Evidence,
  vpcId: string | null,
): Known<ReadonlyMap<string, readonly NetworkInterface[]>> {
  const vpc = clusterVpc(evidence, vpcId)
  if (isGap(vpc)) return vpc
  const index = indexOf(evidence, vpc)
  return isGap(index) ? index : index.interfacesOf
}
