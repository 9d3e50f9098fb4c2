import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'
import { objectName, type IPAddressPool, type Service } from '../../evidence/kubernetes.ts'
import { metallbPools, poolName, rangesOf } from '../../evidence/metallb-pools.ts'
import { parseAddress } from '../../net/address.ts'
import { intersect, rangeHas, rangeText, sizeOf } from '../../net/range.ts'
import { anySelects } from '../selector.ts'

/** What a Service asks for: a pool by name, addresses. The prefix `metallb.universe.tf/` is the old one, and still read. */
export interface Request {
  readonly pool: string | null
  readonly addresses: readonly string[]
  /** Both ways at once, which MetalLB refuses. */
  readonly twice: boolean
}

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

/** How many addresses a pool has, and how many of them are held. */
export const occupancy = perEvidenceAnd(
  (evidence: Evidence, pool: IPAddressPool): { readonly size: bigint; readonly held: number } => {
    const size = rangesOf(pool).reduce((sum, range) => sum + sizeOf(range), 0n)
    return { size, held: new Set(holdingsOf(evidence, pool).map(({ address }) => address)).size }
  },
)

/**
 * Why a pool gives a Service that asked for nothing no address; null where it may (metallb v0.16.1, internal/allocator/allocator.go:
 * AllocateFromPools, isPoolCompatibleWithService).
 */
export function whyNotFrom(evidence: Evidence, pool: IPAddressPool, service: Service): string | null {
  const { spec } = pool
  if (spec?.autoAssign === false) return 'has autoAssign false'
  const allocation = spec?.serviceAllocation
  if (allocation === undefined) return null
  const namespace = service.metadata?.namespace ?? ''
  const labels = known(evidence.kubernetes.namespaces)?.find(({ metadata }) => metadata?.name === namespace)?.metadata
    ?.labels
  const { namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = allocation
  const anyNamespace = namespaces.length + namespaceSelectors.length === 0
  const inNamespace =
    anyNamespace ||
    namespaces.includes(namespace) ||
    (namespaceSelectors.length > 0 && anySelects(namespaceSelectors, labels))
  if (!inNamespace) return `serves other namespaces than ${namespace}`
  return anySelects(serviceSelectors, service.metadata?.labels)
    ? null
    : `selects other Services than ${objectName(service)}`
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
