import { sh, type Command } from '../../net/shell.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import type { Address } from '../../net/address.ts'
import { subnetById } from './address-space.ts'
import type { Holding } from './holders.ts'
import { nodeSubnets, type VipPlace } from './delivery.ts'
import { nodeInterfaces, nodeOfInterface } from './node-interfaces.ts'
import type { Remedy } from '../../net/remedy.ts'
import { idOf, interfaceText } from './words.ts'

/** The command that puts an address on an interface. A first assignment goes without `--allow-reassignment`: whoever has it already must not be robbed. */
const assignCommand = ({ NetworkInterfaceId }: NetworkInterface, vip: Address): Command =>
  vip.family === 4
    ? sh`aws ec2 assign-private-ip-addresses --network-interface-id ${NetworkInterfaceId} --private-ip-addresses ${vip.text}`
    : sh`aws ec2 assign-ipv6-addresses --network-interface-id ${NetworkInterfaceId} --ipv6-addresses ${vip.text}`

/**
 * Moves an address from one interface to another: an IPv4 address in one call, an IPv6 address in two, between which nobody has it
 * (EC2 User Guide, "Multiple IP addresses"). Null where it cannot be moved: a primary address, one of a delegated prefix.
 */
export function moveRemedy(evidence: Evidence, from: Holding, to: NetworkInterface, vip: Address): Remedy | null {
  const summary = `move the address to ${known(nodeOfInterface(evidence, to)) ?? idOf(to)}`
  const held = interfaceText(evidence, from.interface)
  if (from.as === 'ipv6') {
    const { NetworkInterfaceId } = from.interface
    return {
      summary,
      commands: [
        sh`aws ec2 unassign-ipv6-addresses --network-interface-id ${NetworkInterfaceId} --ipv6-addresses ${vip.text}`,
        assignCommand(to, vip),
      ],
      changes: `Takes ${vip.text} from ${held}; an IPv6 address cannot be moved in one step, so nobody has it in between.`,
    }
  }
  if (from.as !== 'secondary') return null
  return {
    summary,
    commands: [sh`${assignCommand(to, vip)} --allow-reassignment`],
    changes: `Takes ${vip.text} from ${held}, with an Elastic IP on it if there is one; the move takes effect after a moment, and nothing repeats it at the next failover.`,
  }
}

/** Puts an unowned VIP on the interface of the node that would receive it; null where no node has an interface in the VIP's subnet. */
export function assignFix(
  evidence: Evidence,
  question: Question,
  receiving: { readonly by: string; readonly nodes: readonly string[] },
  { vip, place }: VipPlace,
): Remedy | null {
  const own = known(nodeInterfaces(evidence, question.vpcId))
  if (own === null || place === null) return null
  const here = (node: string) => (own.get(node) ?? []).find(({ SubnetId }) => SubnetId === place.subnet.SubnetId)
  const preferred = receiving.nodes.flatMap((node) => here(node) ?? [])
  const any = [...own.keys()].flatMap((node) => here(node) ?? [])
  const [eni] = preferred.length > 0 ? preferred : any
  if (eni === undefined) return null
  const free = receiving.by === 'candidate' || receiving.by === 'unknown' || preferred.length === 0
  const choice = free ? 'Any node of the subnet would do; the choice was free. ' : ''
  const node = [...own].find(([, interfaces]) => interfaces.includes(eni))?.[0] ?? idOf(eni)
  return {
    summary: `give the address to ${node}`,
    commands: [assignCommand(eni, vip)],
    changes: `${choice}It does not move when ${node} fails. The address takes one of the interface's address slots and stays there until something moves it. Without --allow-reassignment the call is refused where somebody else already has the address. ${ladder(facts(evidence, question))}`,
  }
}

/** What decides which way is the shortest for a cluster. */
interface ClusterFacts {
  /** The availability zones in which its nodes stand. */
  readonly zones: number
}

function facts(evidence: Evidence, question: Question): ClusterFacts {
  const subnets = known(nodeSubnets(evidence, question)) ?? []
  const zones = new Set(subnets.map((id) => known(subnetById(evidence, id))?.AvailabilityZone ?? id))
  return { zones: zones.size }
}

const ways = {
  balancer: 'a Network Load Balancer in front of the NodePorts (no VIP is needed then)',
  routeServer: 'MetalLB in BGP mode with a VPC Route Server and a pool outside the VPC',
  secondary:
    'the VIP as a secondary address and something that moves it on failover (assign-private-ip-addresses --allow-reassignment)',
  overlay:
    'a pool outside the VPC, a route VIP/32 to a node, its source/destination check off, and something that replaces the route on failover',
}

/**
 * The ways to a VIP that survives its node where layer 2 cannot carry it, the shortest first for this cluster; the general order for null.
 * Nodes in one zone keep the pool that they have and need a mover only; an address cannot leave its zone, so over several zones that way is out.
 */
export function ladder(cluster: ClusterFacts | null): string {
  const { balancer, routeServer, secondary, overlay } = ways
  if (cluster === null || cluster.zones === 0)
    return `Layer 2 cannot carry a VIP in a VPC. What can, in the order to consider: (1) ${balancer}; (2) ${routeServer}; (3) ${secondary}, within one availability zone; (4) ${overlay}.`
  if (cluster.zones === 1)
    return `To survive the loss of a node, shortest first for this cluster, whose nodes stand in one availability zone and so can keep the pool: (1) ${secondary}; (2) ${balancer}; (3) ${routeServer}; (4) ${overlay}.`
  return `To survive the loss of a node, shortest first for this cluster, whose nodes stand in ${String(cluster.zones)} availability zones, between which an address of a subnet cannot move: (1) ${balancer}; (2) ${routeServer}; (3) ${overlay}.`
}
