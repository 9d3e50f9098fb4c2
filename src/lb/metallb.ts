import { createHash } from 'node:crypto'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known, type Known } from '../evidence/gap.ts'
import type { IPAddressPool, L2Advertisement, Node, Pod, Service } from '../evidence/kubernetes.ts'
import type { Question } from '../evidence/question.ts'
import type { Address } from '../net/address.ts'
import { parseRange, rangeHas } from '../net/range.ts'
import { endpointsOf } from './endpoints.ts'
import { anySelects } from './selector.ts'

/** MetalLB's own pods. Its manifests label them `app: metallb, component: …`, its chart `app.kubernetes.io/…`. */
export function metallbPods(evidence: Evidence, component: 'speaker' | 'controller'): Known<readonly Pod[]> {
  const pods = evidence.kubernetes.pods
  if (isGap(pods)) return pods
  return pods.filter(({ metadata }) => {
    const labels = metadata?.labels ?? {}
    const app = labels.app ?? labels['app.kubernetes.io/name']
    return app === 'metallb' && (labels.component ?? labels['app.kubernetes.io/component']) === component
  })
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false

/** Whether MetalLB is installed: its pods or a workload that should make them. Unknown where neither listing was read. */
export function metallbInstalled(evidence: Evidence): Known<boolean> {
  const { pods, daemonsets, deployments } = evidence.kubernetes
  const named = [...(known(daemonsets) ?? []), ...(known(deployments) ?? [])].some(({ spec }) => {
    const labels = spec?.template?.metadata?.labels ?? {}
    return (labels.app ?? labels['app.kubernetes.io/name']) === 'metallb'
  })
  if (named) return true
  const speakers = metallbPods(evidence, 'speaker')
  const controllers = metallbPods(evidence, 'controller')
  if (isGap(pods) || isGap(speakers) || isGap(controllers)) return pods as Known<boolean>
  return speakers.length + controllers.length > 0
}

/** The pool that holds an address; null if none does. */
export function poolOf(evidence: Evidence, address: Address): Known<IPAddressPool | null> {
  const pools = evidence.kubernetes.ipaddresspools
  if (isGap(pools)) return pools
  return pools.find((pool) => (pool.spec?.addresses ?? []).some((text) => poolRangeHas(text, address))) ?? null
}

function poolRangeHas(text: string, address: Address): boolean {
  const range = parseRange(text)
  return range !== null && rangeHas(range, address)
}

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

/**
 * The order in which MetalLB prefers nodes for an address: ascending by SHA-256 of `node#address`; the first may announce
 * (metallb v0.16.1, speaker/layer2_controller.go, usableNodes and sort by hash).
 */
export function electionOrder(nodes: readonly string[], address: Address): string[] {
  const hash = (node: string) => createHash('sha256').update(`${node}#${address.text}`).digest('hex')
  return nodes
    .map((node): [string, string] => [hash(node), node])
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, node]) => node)
}

/** The L2Advertisements that cover the question's VIP. */
export function l2AdvertisementsFor(evidence: Evidence, { vip, service }: Question): Known<readonly L2Advertisement[]> {
  const advertisements = evidence.kubernetes.l2advertisements
  if (isGap(advertisements) || vip === null) return isGap(advertisements) ? advertisements : []
  const pool = poolOf(evidence, vip)
  if (isGap(pool) || pool === null) return isGap(pool) ? pool : []
  return advertisements.filter((advertisement) => covers(advertisement, pool, service))
}

/** The nodes that advertisements, labels and conditions let announce, whether or not their speaker lives. Sorted. */
export function eligibleNodes(evidence: Evidence, question: Question): Known<readonly string[]> {
  const advertisements = l2AdvertisementsFor(evidence, question)
  const nodes = evidence.kubernetes.nodes
  if (isGap(advertisements)) return advertisements
  if (isGap(nodes)) return nodes
  return nodes
    .filter((node) => !isExcluded(node) && advertisements.some((advertisement) => allows(advertisement, node)))
    .flatMap(({ metadata }) => metadata?.name ?? [])
    .sort()
}

function isExcluded({ metadata, status }: Node): boolean {
  const unavailable =
    status?.conditions?.some(({ type, status: is }) => type === 'NetworkUnavailable' && is === 'True') ?? false
  return unavailable || metadata?.labels?.['node.kubernetes.io/exclude-from-external-load-balancers'] !== undefined
}

/** Who would be elected now: the first of the eligible nodes with a ready speaker; with `Local`, only those with an endpoint. Null: nobody. */
export function electedNode(evidence: Evidence, question: Question): Known<string | null> {
  const { vip, service } = question
  const eligible = eligibleNodes(evidence, question)
  const speakers = metallbPods(evidence, 'speaker')
  const endpoints = endpointsOf(evidence, question)
  if (isGap(eligible)) return eligible
  if (isGap(speakers)) return speakers
  if (isGap(endpoints)) return endpoints
  const usable = endpoints.filter(({ ready }) => ready)
  if (vip === null || usable.length === 0) return null
  const alive = new Set(speakers.filter(isReady).flatMap(({ spec }) => spec?.nodeName ?? []))
  const local =
    service?.spec?.externalTrafficPolicy === 'Local' ? new Set(usable.flatMap(({ node }) => node ?? [])) : null
  const candidates = eligible.filter((node) => alive.has(node) && (local === null || local.has(node)))
  return electionOrder(candidates, vip)[0] ?? null
}
