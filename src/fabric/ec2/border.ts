import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Gap } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import type { Address } from '../../net/address.ts'
import { rangeCovers, rangeOf, type Range } from '../../net/range.ts'
import { within, without } from '../../net/range-set.ts'
import { subnetPlaces, subnetRanges, vpcById, vpcRanges } from './address-space.ts'
import type { ClientSet } from './client-set.ts'
import { subnetOfInterface, vipPlace } from './delivery.ts'
import { hasPorts, numberOf } from './ip-protocol.ts'
import { aclOfSubnet, judgeAcl, type AclJudgement, type PortRange } from './network-acls.ts'

/** One border: a subnet's ACL and its judgement; `whole` where every packet asked about crosses it. */
export interface Border {
  readonly subnetId: string
  readonly judgement: AclJudgement
  readonly whole: boolean
}

/**
 * The packets of one direction at every border that they cross, judged. `peers` are the client's addresses that cross one. `documented` is
 * false where it is not documented whether network ACLs are asked: a VIP by route, from the same subnet.
 */
export interface Borders {
  readonly peers: readonly Range[]
  readonly borders: readonly Border[]
  readonly documented: boolean
  readonly gaps: readonly Gap[]
}

/** How much of what was asked the borders refuse. */
export function refusal({ borders }: Borders): 'none' | 'some' | 'all' {
  const refusing = borders.filter(({ judgement }) => judgement.denied.length > 0)
  if (refusing.some(({ judgement, whole }) => whole && judgement.allowed.length === 0)) return 'all'
  return refusing.length > 0 ? 'some' : 'none'
}

/**
 * The ports from which clients send: Linux's default range; of the internet, whose hosts stand behind translators of all kinds, everything
 * from 1024 (VPC User Guide, "Ephemeral ports").
 */
const ephemeralPorts = ({ client }: Question): PortRange =>
  client.kind === 'internet' ? { first: 1024, last: 65535 } : { first: 32768, last: 60999 }

/**
 * Judges the packets between a client and the interface that receives them. Inside a subnet no network ACL is asked. Of the default
 * client, which stands beside the node, the rest of the VPC is judged in its place.
 */
export function bordersOf(
  evidence: Evidence,
  question: Question,
  arrival: NetworkInterface,
  client: ClientSet,
  direction: 'in' | 'return',
): Borders {
  const subnet = subnetOfInterface(evidence, arrival)
  const where = vipPlace(evidence, question)
  const nothing = { peers: [], borders: [], documented: true }
  if (isGap(subnet)) return { ...nothing, gaps: [subnet] }
  if (isGap(where)) return { ...nothing, gaps: [where] }
  const inside = subnetRanges(subnet)
  const all =
    question.client.kind === 'vpc' && where.insideVpc ? elsewhereInVpc(evidence, arrival, where.vip) : client.peers
  const outside = without(all, inside)
  // A packet for an address outside the VPC goes to the gateway also from the same subnet.
  const byGateway = !where.insideVpc && outside.length === 0
  const peers = byGateway ? client.peers : outside
  const { port } = question
  const protocol = numberOf(port.protocol)
  const asked = direction === 'in' ? { first: port.port, last: port.port } : ephemeralPorts(question)
  const ports = hasPorts(protocol) ? asked : { first: 0, last: 0 }
  const borders: Border[] = []
  const gaps: Gap[] = []
  const judge = (subnetId: string, egress: boolean, far: readonly Range[], whole: boolean) => {
    const acl = aclOfSubnet(evidence, subnetId)
    if (isGap(acl)) gaps.push(acl)
    else borders.push({ subnetId, judgement: judgeAcl(acl, egress, { protocol, peers: far, ports }), whole })
  }
  if (peers.length === 0) return { ...nothing, gaps: [] }
  judge(subnet.SubnetId ?? '', direction === 'return', peers, outside.length === all.length || byGateway)
  // The default client stands beside the node: of the other subnets nothing is asked.
  if (question.client.kind !== 'vpc' && !byGateway) {
    for (const { subnetId, whole } of subnetsOf(evidence, arrival.VpcId ?? '', peers))
      judge(subnetId, direction === 'in', [rangeOf(where.vip)], whole)
  }
  return { peers, borders, documented: !byGateway, gaps }
}

function elsewhereInVpc(evidence: Evidence, arrival: NetworkInterface, vip: Address | null): readonly Range[] {
  const vpc = vpcById(evidence, arrival.VpcId ?? '')
  return isGap(vpc) ? [] : vpcRanges(vpc).filter(({ family }) => family === vip?.family)
}

/** The subnets of the VPC from which some of the addresses come; `whole` where all do. */
function subnetsOf(
  evidence: Evidence,
  vpcId: string,
  peers: readonly Range[],
): readonly { readonly subnetId: string; readonly whole: boolean }[] {
  const places = subnetPlaces(evidence, vpcId)
  if (isGap(places)) return []
  return places.flatMap(({ subnet, range }) =>
    within(peers, range).length === 0
      ? []
      : [{ subnetId: subnet.SubnetId ?? '', whole: peers.every((one) => rangeCovers(range, one)) }],
  )
}
