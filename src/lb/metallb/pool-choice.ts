import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { objectName, type IPAddressPool, type Service } from '../../evidence/kubernetes/kinds.ts'
import { metallbSettings, olderThan } from './install.ts'
import { rangesOf } from './pool-ranges.ts'
import type { Family } from '../../net/address.ts'
import { inWords } from '../../net/words.ts'
import { anySelects } from '../selector.ts'
import { holdingsOf, occupancy } from './pools.ts'
import { sharingKey, whyNotShared } from './sharing.ts'

// Which pool a Service gets its address from: metallb v0.16.1, internal/allocator/allocator.go.

/**
 * Why a pool gives a Service that asked for nothing no address; null where it may. Pools with a serviceAllocation that fits come first, by
 * priority, then those without one (Allocate, pinnedPoolsForService).
 */
export function whyNotFrom(evidence: Evidence, pool: IPAddressPool, service: Service): string | null {
  const { spec } = pool
  if (spec?.autoAssign === false) return 'has autoAssign false'
  const { namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = spec?.serviceAllocation ?? {}
  const criteria = namespaces.length + namespaceSelectors.length + serviceSelectors.length
  // metallb/metallb issue 2003
  if (spec?.serviceAllocation !== undefined && criteria === 0 && olderThan(metallbSettings(evidence), '0.15.0'))
    return 'has an empty serviceAllocation, with which MetalLB before 0.15.0 gives none of its addresses'
  return whyRefused(evidence, pool, service) ?? whyNoFamily(pool, service)
}

/** Why a pool refuses a Service also when that one asks for it; null where it does not (isPoolCompatibleWithService). */
export function whyRefused(evidence: Evidence, pool: IPAddressPool, service: Service): string | null {
  const allocation = pool.spec?.serviceAllocation
  if (allocation === undefined) return null
  const namespace = service.metadata?.namespace ?? ''
  const labels = known(evidence.kubernetes.namespaces)?.find(({ metadata }) => metadata?.name === namespace)?.metadata
    ?.labels
  const { namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = allocation
  const inNamespace =
    namespaces.length + namespaceSelectors.length === 0 ||
    namespaces.includes(namespace) ||
    (namespaceSelectors.length > 0 && anySelects(namespaceSelectors, labels))
  if (!inNamespace) return `serves other namespaces than ${namespace}`
  return anySelects(serviceSelectors, service.metadata?.labels)
    ? null
    : `selects other Services than ${objectName(service)}`
}

/** The families that a Service must get an address of. One that only prefers two is content with the first that a pool has. */
export function familiesOf({ spec }: Service): readonly Family[] {
  const families = (spec?.ipFamilies ?? []).map((name): Family => (name === 'IPv6' ? 6 : 4))
  return spec?.ipFamilyPolicy === 'PreferDualStack' && families.length > 1 ? [] : families
}

function whyNoFamily(pool: IPAddressPool, service: Service): string | null {
  const missing = familiesOf(service).filter((family) => !rangesOf(pool).some((range) => range.family === family))
  return missing.length === 0 ? null : `has no ${inWords(missing.map((family) => `IPv${String(family)}`))} addresses`
}

/** Whether a pool has no address left for a Service: none that is free, and none that it could share. */
export function isFull(evidence: Evidence, pool: IPAddressPool, service: Service): boolean {
  const families = familiesOf(service)
  const full = (families.length === 0 ? [null] : families).some((family) => {
    const { size, held } = occupancy(evidence, pool, family)
    return BigInt(held) >= size
  })
  return full && !sharesOne(evidence, pool, service)
}

function sharesOne(evidence: Evidence, pool: IPAddressPool, service: Service): boolean {
  if (sharingKey(service) === null) return false
  const holders = new Map<string, Service[]>()
  for (const { address, service: holder } of holdingsOf(evidence, pool))
    holders.set(address, [...(holders.get(address) ?? []), holder])
  return [...holders.values()].some((all) => all.every((holder) => whyNotShared(holder, service) === null))
}
