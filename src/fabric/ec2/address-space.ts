import type { Subnet, Vpc } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gap, isGap, type Known } from '../../evidence/gap.ts'
import { lackingSubnets } from '../../evidence/lacking.ts'
import { addressOf, type Address } from '../../net/address.ts'
import { parseCidr, rangeHas, type Cidr } from '../../net/range.ts'
import { perEvidence, perEvidenceAnd } from '../../evidence/memo.ts'

/** The ranges of a VPC that are associated with it. */
export function vpcRanges(vpc: Vpc): readonly Cidr[] {
  const v4 = (vpc.CidrBlockAssociationSet ?? []).filter(({ CidrBlockState }) => isAssociated(CidrBlockState))
  const v6 = (vpc.Ipv6CidrBlockAssociationSet ?? []).filter(({ Ipv6CidrBlockState }) =>
    isAssociated(Ipv6CidrBlockState),
  )
  const texts = [
    ...(v4.length === 0 ? [vpc.CidrBlock] : v4.map(({ CidrBlock }) => CidrBlock)),
    ...v6.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  ]
  return texts.flatMap((text) => parseCidr(text) ?? [])
}

/** The ranges of a subnet: at most one IPv4 CIDR, and its IPv6 ones. */
export function subnetRanges(subnet: Subnet): readonly Cidr[] {
  const v6 = (subnet.Ipv6CidrBlockAssociationSet ?? []).filter(({ Ipv6CidrBlockState }) =>
    isAssociated(Ipv6CidrBlockState),
  )
  return [subnet.CidrBlock, ...v6.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock)].flatMap((text) => parseCidr(text) ?? [])
}

const isAssociated = (state: { readonly State?: string | undefined } | undefined): boolean =>
  state?.State === undefined || state.State === 'associated'

/** The VPC with this id; a gap where the listing does not have it. */
export function vpcById(evidence: Evidence, vpcId: string): Known<Vpc> {
  const { vpcs } = evidence.aws
  if (isGap(vpcs)) return vpcs
  return vpcs.find(({ VpcId }) => VpcId === vpcId) ?? gap('aws/describe-vpcs.json', `does not have ${vpcId}`)
}

const subnetsByVpc = perEvidenceAnd((evidence: Evidence, vpcId: string): Known<readonly SubnetPlace[]> => {
  const { subnets } = evidence.aws
  if (isGap(subnets)) return subnets
  return subnets
    .filter(({ VpcId }) => VpcId === vpcId)
    .flatMap((subnet) => subnetRanges(subnet).map((range) => ({ subnet, range })))
})

/** A subnet, and the one of its ranges that is meant. */
export interface SubnetPlace {
  readonly subnet: Subnet
  readonly range: Cidr
}

/** The subnets of a VPC, one entry for each of their ranges. */
export const subnetPlaces = (evidence: Evidence, vpcId: string): Known<readonly SubnetPlace[]> =>
  subnetsByVpc(evidence, vpcId)

/** The subnet of a VPC that holds an address; null if none does, a gap if the listing that shows none is not whole. */
export function subnetOfAddress(evidence: Evidence, vpcId: string, address: Address): Known<SubnetPlace | null> {
  const places = subnetsByVpc(evidence, vpcId)
  if (isGap(places)) return places
  return places.find(({ range }) => rangeHas(range, address)) ?? lackingSubnets(evidence, vpcId)
}

/** The subnet with this id. */
export function subnetById(evidence: Evidence, subnetId: string): Known<Subnet> {
  const { subnets } = evidence.aws
  if (isGap(subnets)) return subnets
  return byId(evidence).get(subnetId) ?? gap('aws/describe-subnets.json', `does not have ${subnetId}`)
}

const byId = perEvidence((evidence: Evidence): ReadonlyMap<string, Subnet> => {
  const { subnets } = evidence.aws
  return new Map(
    isGap(subnets) ? [] : subnets.flatMap((subnet) => (subnet.SubnetId ? [[subnet.SubnetId, subnet]] : [])),
  )
})

/**
 * For what EC2 keeps an address of a subnet; null for one that it hands out.
 * The first four addresses and the last one of each range, IPv6 too (VPC User Guide, "Subnet CIDR blocks").
 */
export function reservedFor(range: Cidr, address: Address): string | null {
  if (!rangeHas(range, address)) return null
  const uses = ['the network address', 'the VPC router', "Amazon's DNS", 'future use']
  const fromStart = address.value - range.first
  if (fromStart < 4n) return uses[Number(fromStart)] ?? null
  return address.value === range.last ? 'the broadcast address, which a VPC does not carry' : null
}

/** The five addresses that EC2 keeps in a range, in words. */
export const reservedInWords = ({ family, first, last }: Cidr): string =>
  `${addressOf(family, first).text} to ${addressOf(family, first + 3n).text} and ${addressOf(family, last).text}`
