import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'
import type { IPAddressPool, Service } from '../../evidence/kubernetes/kinds.ts'
import { metallbPools, poolName, rangesOf } from './pool-ranges.ts'
import { parseAddress, type Address, type Family } from '../../net/address.ts'
import { intersect, rangeHas, rangeText, sizeOf, type Range } from '../../net/range.ts'

/** What a Service asks for: a pool by name, addresses. The prefix `metallb.universe.tf/` is the old one, and still read. */
export interface Request {
  readonly pool: string | null
  readonly addresses: readonly string[]
  /** Both ways at once, which MetalLB refuses. */
  readonly twice: boolean
}

/** What a Service asks of MetalLB, by its annotations of either prefix or by its field. */
export function requestOf({ metadata, spec }: Service): Request {
  const annotation = (name: string): string | null =>
    metadata?.annotations?.[`metallb.io/${name}`] ?? metadata?.annotations?.[`metallb.universe.tf/${name}`] ?? null
  const listed = annotation('loadBalancerIPs')
  const field = spec?.loadBalancerIP ?? ''
  return {
    pool: annotation('address-pool'),
    addresses: (listed ?? field).split(',').flatMap((text) => (text.trim() === '' ? [] : [text.trim()])),
    twice: listed !== null && field !== '',
  }
}

/** Who holds an address of a pool: one entry an address. */
export interface Holding {
  readonly address: string
  readonly service: Service
}

/** The Services with an address of this pool, in the order of the listing. */
export const holdingsOf = perEvidenceAnd((evidence: Evidence, pool: IPAddressPool): readonly Holding[] => {
  const ranges = rangesOf(pool)
  return (known(evidence.kubernetes.services) ?? []).flatMap((service) =>
    (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => {
      const address = parseAddress(ip)
      return address !== null && ranges.some((range) => rangeHas(range, address))
        ? [{ address: address.text, service }]
        : []
    }),
  )
})

/** How many addresses a pool gives out, and how many of them are held; of one family, or of both together (null). */
export function occupancy(
  evidence: Evidence,
  pool: IPAddressPool,
  family: Family | null = null,
): { readonly size: bigint; readonly held: number } {
  const ranges = rangesOf(pool).filter((range) => family === null || range.family === family)
  const size = ranges.reduce((sum, range) => sum + sizeOf(range) - (pool.spec?.avoidBuggyIPs ? buggy(range) : 0n), 0n)
  const held = family === null ? heldIn(evidence, pool) : heldIn(evidence, pool).filter((one) => one.family === family)
  return { size, held: held.length }
}

/** Each address of a pool that is held, once. */
const heldIn = perEvidenceAnd((evidence: Evidence, pool: IPAddressPool): readonly Address[] => {
  const held = new Map(holdingsOf(evidence, pool).map(({ address }) => [address, parseAddress(address)]))
  return [...held.values()].flatMap((address) => address ?? [])
})

/** How many IPv4 addresses of a range end in .0 or .255, which avoidBuggyIPs passes over. */
export function buggy({ family, first, last }: Range): bigint {
  if (family === 6) return 0n
  const zeros = last / 256n - (first === 0n ? -1n : (first - 1n) / 256n)
  const ones = (last + 1n) / 256n - first / 256n
  return zeros + ones
}

/** Pools that overlap, which makes MetalLB refuse its whole configuration. One entry a pair. */
export function overlappingPools(evidence: Evidence): {
  readonly pools: readonly IPAddressPool[]
  readonly names: readonly string[]
  readonly text: string
}[] {
  const pools = known(metallbPools(evidence)) ?? []
  return pools.flatMap((one, index) =>
    pools.slice(index + 1).flatMap((other) => {
      const common = rangesOf(one)
        .flatMap((range) => rangesOf(other).flatMap((against) => intersect(range, against) ?? []))
        .at(0)
      return common === undefined
        ? []
        : [{ pools: [one, other], names: [poolName(one), poolName(other)], text: rangeText(common) }]
    }),
  )
}
