import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import { lackingInterfaces } from '../../evidence/lacking.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import { cidrOf, parseCidr, type Range } from '../../net/range.ts'
import { rangeOf } from '../../net/range.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'

/** How an interface has an address. */
type HeldAs = 'primary' | 'secondary' | 'ipv4-prefix' | 'ipv6' | 'ipv6-prefix'

/** One address or delegated prefix of one interface, and where the API's answer says so. */
export interface Holding {
  readonly interface: NetworkInterface
  readonly as: HeldAs
  readonly range: Range
  readonly text: string
  readonly proof: () => Proof
}

/** All that one interface holds: these are its own addresses for the source/destination check too (EC2 User Guide, "Prefix delegation"). */
export function holdingsOf(eni: NetworkInterface): readonly Holding[] {
  const holding = (as: HeldAs, range: Range | null, text: string | undefined, keys: readonly (string | number)[]) =>
    range === null || text === undefined
      ? []
      : [{ interface: eni, as, range, text, proof: () => cite(eni, ...keys) } satisfies Holding]
  const listed = eni.PrivateIpAddresses ?? []
  const addresses = listed.flatMap(({ Primary, PrivateIpAddress: text }, index) =>
    holding(Primary === true ? 'primary' : 'secondary', only(text), text, [
      'PrivateIpAddresses',
      index,
      'PrivateIpAddress',
    ]),
  )
  const unlisted = listed.some(({ PrivateIpAddress }) => PrivateIpAddress === eni.PrivateIpAddress)
    ? []
    : holding('primary', only(eni.PrivateIpAddress), eni.PrivateIpAddress, ['PrivateIpAddress'])
  return [
    ...unlisted,
    ...addresses,
    ...(eni.Ipv6Addresses ?? []).flatMap(({ Ipv6Address: text }, index) =>
      holding('ipv6', only(text), text, ['Ipv6Addresses', index, 'Ipv6Address']),
    ),
    ...(eni.Ipv4Prefixes ?? []).flatMap(({ Ipv4Prefix: text }, index) =>
      holding('ipv4-prefix', parseCidr(text), text, ['Ipv4Prefixes', index, 'Ipv4Prefix']),
    ),
    ...(eni.Ipv6Prefixes ?? []).flatMap(({ Ipv6Prefix: text }, index) =>
      holding('ipv6-prefix', parseCidr(text), text, ['Ipv6Prefixes', index, 'Ipv6Prefix']),
    ),
  ]
}

function only(text: string | undefined): Range | null {
  const address = parseAddress(text)
  return address === null ? null : rangeOf(address)
}

interface HolderIndex {
  readonly byAddress: ReadonlyMap<bigint, readonly Holding[]>
  /** Delegated prefixes by length, then by first address: EC2 knows /28 and /80, but no length is taken for granted. */
  readonly byPrefix: ReadonlyMap<number, ReadonlyMap<bigint, readonly Holding[]>>
}

/** The value of an address among those of both families. */
const keyOf = (family: 4 | 6, value: bigint): bigint => (family === 4 ? value : value | (1n << 130n))

const indexOf = perEvidenceAnd((evidence: Evidence, vpcId: string): Known<HolderIndex> => {
  const enis = interfacesOfVpc(evidence, vpcId)
  if (isGap(enis)) return enis
  const byAddress = new Map<bigint, Holding[]>()
  const byPrefix = new Map<number, Map<bigint, Holding[]>>()
  for (const eni of enis) {
    for (const holding of holdingsOf(eni)) {
      const { range } = holding
      const key = keyOf(range.family, range.first)
      if (range.first === range.last) add(byAddress, key, holding)
      else {
        const prefix = (parseCidr(holding.text)?.prefix ?? 0) + (range.family === 6 ? 1000 : 0)
        const inner = byPrefix.get(prefix) ?? new Map<bigint, Holding[]>()
        byPrefix.set(prefix, inner)
        add(inner, key, holding)
      }
    }
  }
  return { byAddress, byPrefix }
})

function add(map: Map<bigint, Holding[]>, key: bigint, holding: Holding): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [holding])
  else list.push(holding)
}

/** The interfaces of one VPC: two VPCs of one account may use the same ranges. */
export const interfacesOfVpc = perEvidenceAnd(
  (evidence: Evidence, vpcId: string): Known<readonly NetworkInterface[]> => {
    const { networkInterfaces } = evidence.aws
    return isGap(networkInterfaces) ? networkInterfaces : networkInterfaces.filter(({ VpcId }) => VpcId === vpcId)
  },
)

/**
 * Who holds an address in a VPC, according to the EC2 API; empty if nobody does, a gap if the listing that shows nobody is not whole. A
 * delegated prefix holds all of its addresses.
 */
export function holdersOf(evidence: Evidence, vpcId: string, address: Address): Known<readonly Holding[]> {
  const index = indexOf(evidence, vpcId)
  if (isGap(index)) return index
  const single = index.byAddress.get(keyOf(address.family, address.value)) ?? []
  const delegated = [...index.byPrefix].flatMap(([length, byFirst]) => {
    const prefix = length >= 1000 ? length - 1000 : length
    if (length >= 1000 !== (address.family === 6)) return []
    return byFirst.get(keyOf(address.family, cidrOf(address, prefix).first)) ?? []
  })
  const holders = [...single, ...delegated]
  return holders.length > 0 ? holders : (lackingInterfaces(evidence, vpcId) ?? holders)
}

/** All that is held in a VPC. */
export const holdingsInVpc = perEvidenceAnd((evidence: Evidence, vpcId: string): Known<readonly Holding[]> => {
  const enis = interfacesOfVpc(evidence, vpcId)
  return isGap(enis) ? enis : enis.flatMap(holdingsOf)
})
