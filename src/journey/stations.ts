import type { Station, Surroundings } from '../capture/conclude.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import type { FabricName } from '../evidence/question.ts'
import { fabricOf } from '../fabric/index.ts'
import type { Address } from '../net/address.ts'
import { clusterVpc } from '../fabric/ec2/cluster-vpc.ts'
import { holdersOf } from '../fabric/ec2/holders.ts'
import { nodeInterfaces } from '../fabric/ec2/node-interfaces.ts'

/** What evidence knows of the MACs in a capture: which node's they are, and whose the VIP is in the account. */
export function knownStations(
  evidence: Evidence,
  vip: Address,
  vpcId: string | null,
): Pick<Surroundings, 'stationOf' | 'ownerMac'> {
  const stations = new Map<string, Station>()
  const enis = known(nodeInterfaces(evidence, vpcId)) ?? new Map<string, never[]>()
  for (const [node, interfaces] of enis)
    for (const { MacAddress, NetworkInterfaceId } of interfaces)
      if (MacAddress !== undefined)
        stations.set(MacAddress.toLowerCase(), { node, interface: NetworkInterfaceId ?? null })
  for (const node of evidence.nodeNames)
    for (const { address, ifname } of known(evidence.node(node).ipLink) ?? [])
      if (address !== undefined) stations.set(address.toLowerCase(), { node, interface: ifname ?? null })
  return { stationOf: (mac) => stations.get(mac) ?? null, ownerMac: ownerMac(evidence, vip, vpcId) }
}

/** The reading of the frames that holds on a fabric; null where both may, since nothing is known of its rules. */
export const readingOf = (fabric: FabricName): Surroundings['fabric'] =>
  (({ ownership: 'ec2', announcement: 'lan', unknown: null }) as const)[fabricOf({ fabric }).delivery]

function ownerMac(evidence: Evidence, vip: Address, vpcId: string | null): string | null | undefined {
  if (!evidence.aws.asked) return undefined
  const vpc = clusterVpc(evidence, vpcId)
  const holders = isGap(vpc) ? vpc : holdersOf(evidence, vpc, vip)
  if (isGap(holders)) return undefined
  return holders[0]?.interface.MacAddress?.toLowerCase() ?? null
}
