import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { objectName, type IPAddressPool, type Service } from '../../evidence/kubernetes/kinds.ts'
import { editCommands, isDerived } from '../../lb/metallb/config-map.ts'
import { poolName, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { requestOf } from '../../lb/metallb/pools.ts'
import { bitsOf, parseAddress } from '../../net/address.ts'
import { rangeHas, rangeText, type Range } from '../../net/range.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import type { Line, Remedy } from '../../net/remedy.ts'
import { dropAddresses } from './service-request.ts'

/**
 * Gives a pool other addresses. A Service that asks for one that leaves the pool by annotation or field would get none at all, so what it
 * asks for goes first. `then` stands behind it.
 */
export function poolWith(
  evidence: Evidence,
  pool: IPAddressPool,
  ranges: readonly Range[],
  {
    summary,
    changes,
    then = [],
  }: { readonly summary: string; readonly changes: string; readonly then?: readonly Line[] },
): Remedy {
  const addresses = ranges.length === 0 ? ['<first>-<last>'] : ranges.map(poolText)
  const asking = askingOutside(evidence, pool, ranges)
  const dropped =
    asking.length === 0
      ? ''
      : ` No longer asked for, since no pool has it then: the address of ${inWords(asking.map((one) => objectName(one)))}.`
  const { namespace = 'metallb-system', name } = pool.metadata ?? {}
  const change = isDerived(pool)
    ? editCommands(pool, 'ipaddresspool')
    : [
        sh`kubectl -n ${namespace} patch ipaddresspools.metallb.io ${name} --type merge -p ${jsonWord({ spec: { addresses } })}`,
      ]
  const written = isDerived(pool) ? `Write ${addresses.join(', ')} as the addresses of pool ${poolName(pool)}. ` : ''
  return {
    summary: ranges.length === 0 ? `${summary} (replace <first>-<last>)` : summary,
    commands: [...asking.flatMap(dropAddresses), ...change, ...then],
    changes: `${written}${changes}${dropped}`,
  }
}

/** The Services that ask for an address of the pool that it no longer has. */
const askingOutside = (
  { kubernetes: { services } }: Evidence,
  pool: IPAddressPool,
  ranges: readonly Range[],
): readonly Service[] =>
  (known(services) ?? []).filter((service) =>
    requestOf(service).addresses.some((text) => {
      const address = parseAddress(text)
      const inside = (all: readonly Range[]) => address !== null && all.some((range) => rangeHas(range, address))
      return inside(rangesOf(pool)) && !inside(ranges)
    }),
  )

/** As a pool is written: one address needs its length, since MetalLB takes only CIDRs and FIRST-LAST. */
function poolText(range: Range): string {
  const text = rangeText(range)
  return range.first === range.last ? `${text}/${String(bitsOf(range.family))}` : text
}
