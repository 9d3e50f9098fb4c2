import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import type { IPAddressPool } from '../evidence/kubernetes.ts'
import type { Address } from '../net/address.ts'
import { parseRange, rangeHas, type Range } from '../net/range.ts'
import { perEvidence } from '../evidence/memo.ts'

/** A MetalLB pool with its ranges read; an unreadable range is left out. */
export interface Pool {
  readonly pool: IPAddressPool
  readonly name: string
  readonly ranges: readonly Range[]
}

/** All pools. */
export const poolsOf = perEvidence((evidence: Evidence): Known<readonly Pool[]> => {
  const pools = evidence.kubernetes.ipaddresspools
  if (isGap(pools)) return pools
  return pools.map((pool) => ({
    pool,
    name: pool.metadata?.name ?? '',
    ranges: (pool.spec?.addresses ?? []).flatMap((text) => parseRange(text) ?? []),
  }))
})

/** The pool that an address comes from; null if none has it. */
export function poolOfAddress(evidence: Evidence, address: Address): Known<Pool | null> {
  const pools = poolsOf(evidence)
  if (isGap(pools)) return pools
  return pools.find(({ ranges }) => ranges.some((range) => rangeHas(range, address))) ?? null
}
