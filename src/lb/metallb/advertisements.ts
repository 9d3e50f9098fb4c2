import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import type {
  BGPAdvertisement,
  IPAddressPool,
  L2Advertisement,
  Node,
  Service,
} from '../../evidence/kubernetes/kinds.ts'
import { type Question, serviceOf } from '../../evidence/question.ts'
import { anySelects } from '../selector.ts'
import { sharingKey } from './sharing.ts'
import { metallbSettings, olderThan } from './install.ts'
import { poolOf } from './pool-ranges.ts'

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
  question: Question,
  advertisements: Known<readonly T[]>,
): Known<readonly T[]> {
  const { vip } = question
  const service = serviceOf(question)
  if (isGap(advertisements) || vip === null) return isGap(advertisements) ? advertisements : []
  const pool = poolOf(evidence, vip)
  if (isGap(pool) || pool === null) return isGap(pool) ? pool : []
  const own = inNamespace(evidence, advertisements).filter((one) => covers(one, pool, service))
  return refusedForSharing(evidence, service, own) === null ? own : []
}

/**
 * The advertisement for whose sake MetalLB announces a Service by none: behind 0.16, where the Service may share its address and an
 * advertisement chooses Services (speaker/layer2_controller.go, sharedIPWithServiceSelector). Null for none.
 */
function refusedForSharing<T extends Advertisement>(
  evidence: Evidence,
  service: Service | null,
  advertisements: readonly T[],
): T | null {
  const settings = metallbSettings(evidence)
  if (service === null || sharingKey(service) === null) return null
  if (settings.version === null || olderThan(settings, '0.17.0')) return null
  return advertisements.find(({ spec }) => (spec?.serviceSelectors ?? []).length > 0) ?? null
}

/** The same for the question's VIP, among its L2Advertisements. */
export function sharingObstacle(evidence: Evidence, question: Question): L2Advertisement | null {
  const { vip } = question
  const advertisements = known(evidence.kubernetes.l2advertisements)
  const pool = vip === null ? null : known(poolOf(evidence, vip))
  if (advertisements === null || pool === null) return null
  const service = serviceOf(question)
  const own = inNamespace(evidence, advertisements).filter((one) => covers(one, pool, service))
  return refusedForSharing(evidence, service, own)
}

function inNamespace<T extends Pick<L2Advertisement, 'metadata'>>(evidence: Evidence, objects: readonly T[]): T[] {
  const { namespace } = metallbSettings(evidence)
  return objects.filter(({ metadata }) => metadata?.namespace === namespace)
}
