import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import type { BGPAdvertisement, IPAddressPool, L2Advertisement, Node, Service } from '../../evidence/kubernetes.ts'
import type { Question } from '../../evidence/question.ts'
import { anySelects } from '../selector.ts'
import { metallbSettings } from '../../evidence/metallb-install.ts'
import { poolOf } from '../../evidence/metallb-pools.ts'

interface Advertisement {
  readonly spec?: L2Advertisement['spec']
}

/** Whether an advertisement covers a pool and a Service. One without pools and pool selectors covers every pool. */
export function covers({ spec }: Advertisement, pool: IPAddressPool, service: Service | null): boolean {
  const pools = spec?.ipAddressPools ?? []
  const selectors = spec?.ipAddressPoolSelectors ?? []
  const named = pools.includes(pool.metadata?.name ?? '')
  const selected = selectors.length > 0 && anySelects(selectors, pool.metadata?.labels)
  const all = pools.length === 0 && selectors.length === 0
  return (named || selected || all) && anySelects(spec?.serviceSelectors, service?.metadata?.labels)
}

/** Whether an advertisement lets this node announce. */
export const allows = ({ spec }: Advertisement, node: Node): boolean =>
  anySelects(spec?.nodeSelectors, node.metadata?.labels)

/** The L2Advertisements of MetalLB's namespace that cover the question's VIP. */
export const l2AdvertisementsFor = (evidence: Evidence, question: Question): Known<readonly L2Advertisement[]> =>
  covering(evidence, question, evidence.kubernetes.l2advertisements)

/** The BGPAdvertisements of MetalLB's namespace that cover the question's VIP. */
export const bgpAdvertisementsFor = (evidence: Evidence, question: Question): Known<readonly BGPAdvertisement[]> =>
  covering(evidence, question, evidence.kubernetes.bgpadvertisements)

function covering<T extends Advertisement & Pick<L2Advertisement, 'metadata'>>(
  evidence: Evidence,
  { vip, service }: Question,
  advertisements: Known<readonly T[]>,
): Known<readonly T[]> {
  if (isGap(advertisements) || vip === null) return isGap(advertisements) ? advertisements : []
  const pool = poolOf(evidence, vip)
  if (isGap(pool) || pool === null) return isGap(pool) ? pool : []
  const { namespace } = metallbSettings(evidence)
  return advertisements.filter((one) => one.metadata?.namespace === namespace && covers(one, pool, service))
}
