import { hash } from 'node:crypto'
import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import type { L2Advertisement, Node, Pod } from '../../evidence/kubernetes/kinds.ts'
import { perEvidence, perEvidenceOf } from '../../evidence/memo.ts'
import { type Question, serviceOf } from '../../evidence/question.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import { allows, l2AdvertisementsFor } from './advertisements.ts'
import { isReady, metallbPods, metallbSettings, olderThan, unlistedSpeaker, type MetallbSettings } from './install.ts'
import { usableEndpoints } from './usable-endpoints.ts'
import { excludeLabel, type Out } from './out.ts'

/**
 * The order in which MetalLB prefers nodes for an address: ascending by SHA-256 of `node#address`; the first may announce
 * (metallb v0.16.1, speaker/layer2_controller.go, usableNodes and sort by hash).
 */
export const electionOrder = (nodes: readonly string[], address: Address): string[] => byHash(nodes, address.text)

function byHash(nodes: readonly string[], of: string): string[] {
  return nodes
    .map((node): [string, string] => [hashOf(node, of), node])
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, node]) => node)
}

/** A character for each byte, which are compared as the bytes are; hexadecimal digits take a third longer, and ten thousand VIPs ask a thousand nodes each. */
const hashOf = (node: string, of: string): string => hash('sha256', `${node}#${of}`, 'binary')

/** One node in the election. `out` is what puts it out; null for one that stays. */
export interface Candidate {
  readonly node: string
  readonly out: Out | null
  /** Whether configuration alone puts it out, whoever is alive. */
  readonly byConfiguration: boolean
  readonly proof: Proof
}

/** The election as a funnel: every node, by name, with the first reason that puts it out. */
export function electionFunnel(evidence: Evidence, question: Question): Known<readonly Candidate[]> {
  const nodes = evidence.kubernetes.nodes
  const advertisements = l2AdvertisementsFor(evidence, question)
  const speakers = metallbPods(evidence, 'speaker')
  const endpoints = usableEndpoints(evidence, question)
  if (isGap(nodes)) return nodes
  if (isGap(advertisements)) return advertisements
  if (isGap(speakers)) return speakers
  if (isGap(endpoints)) return endpoints
  const unlisted = unlistedSpeaker(evidence)
  if (unlisted !== null) return unlisted
  const settings = metallbSettings(evidence)
  // Before 0.11 only nodes with an endpoint announced, whatever the policy.
  const onlyLocal =
    serviceOf(question)?.spec?.externalTrafficPolicy === 'Local' || olderThan(settings, '0.11.0')
      ? new Set(endpoints.flatMap(({ node }) => node ?? []))
      : null
  if (onlyLocal !== null) return funnel(nodes, advertisements, speakers, settings, onlyLocal)
  const key = namesOf(advertisements)
  const whole = funnels(evidence).get(key) ?? funnel(nodes, advertisements, speakers, settings, null)
  funnels(evidence).set(key, whole)
  return whole
}

/** Of a Service whose endpoints do not matter the funnel is that of every other one under the same advertisements. */
const funnels = perEvidence(() => new Map<string, readonly Candidate[]>())
const namesOf = (advertisements: readonly L2Advertisement[]): string =>
  advertisements.map(({ metadata }) => metadata?.name ?? '').join(' ')

function funnel(
  nodes: readonly Node[],
  advertisements: readonly L2Advertisement[],
  speakers: readonly Pod[],
  settings: MetallbSettings,
  onlyLocal: ReadonlySet<string> | null,
): readonly Candidate[] {
  const alive = new Set(speakers.filter(isReady).flatMap(({ spec }) => spec?.nodeName ?? []))
  const held = new Set(speakers.flatMap(({ spec }) => spec?.nodeName ?? []))
  return nodes
    .map((node): Candidate => {
      const name = node.metadata?.name ?? ''
      const excluded = whyExcluded(node, advertisements, settings)
      if (excluded !== null) return { node: name, byConfiguration: true, ...excluded }
      const proof = cite(node, 'metadata', 'name')
      const stays = { node: name, byConfiguration: false, proof }
      if (settings.memberlist && !alive.has(name))
        return { ...stays, out: held.has(name) ? 'speaker-not-ready' : 'no-speaker' }
      if (onlyLocal !== null && !onlyLocal.has(name)) return { ...stays, out: 'no-own-endpoint' }
      return { ...stays, out: null }
    })
    .sort((one, other) => (one.node < other.node ? -1 : 1))
}

interface Exclusion {
  readonly out: Out
  readonly proof: Proof
}

/**
 * Why a node announces nothing, by ARP or by BGP; null where it may. The label counts with any value, also `false` (metallb v0.16.1,
 * internal/k8s/nodes).
 */
export function whyUnfit(node: Node, settings: MetallbSettings): Exclusion | null {
  const at = node.status?.conditions?.findIndex(
    ({ type, status }) => type === 'NetworkUnavailable' && status === 'True',
  )
  if (at !== undefined && at !== -1 && !olderThan(settings, '0.13.10'))
    return { out: 'network-unavailable', proof: cite(node, 'status', 'conditions', at) }
  const labelled = node.metadata?.labels?.[excludeLabel] !== undefined
  if (labelled && !settings.ignoresExcludeLabel && !olderThan(settings, '0.14.0'))
    return { out: 'exclude-label', proof: cite(node, 'metadata', 'labels', excludeLabel) }
  // One release passed over cordoned nodes; the next took that back (MetalLB release notes, 0.15.0).
  if (node.spec?.unschedulable === true && settings.version === '0.14.9')
    return { out: 'cordoned', proof: cite(node, 'spec', 'unschedulable') }
  return null
}

function whyExcluded(
  node: Node,
  advertisements: readonly L2Advertisement[],
  settings: MetallbSettings,
): Exclusion | null {
  const unfit = whyUnfit(node, settings)
  if (unfit !== null) return unfit
  if (!advertisements.some((advertisement) => allows(advertisement, node)))
    return { out: 'no-l2-advertisement', proof: cite(node, 'metadata', 'labels') }
  return null
}

/** The nodes that advertisements, labels and conditions let announce, whether or not their speaker lives. Sorted. */
export function eligibleNodes(evidence: Evidence, question: Question): Known<readonly string[]> {
  const advertisements = l2AdvertisementsFor(evidence, question)
  const nodes = evidence.kubernetes.nodes
  if (isGap(advertisements)) return advertisements
  if (isGap(nodes)) return nodes
  const settings = metallbSettings(evidence)
  const key = namesOf(advertisements)
  const eligible =
    eligibles(evidence).get(key) ??
    nodes
      .filter((node) => whyExcluded(node, advertisements, settings) === null)
      .flatMap(({ metadata }) => metadata?.name ?? [])
      .sort()
  eligibles(evidence).set(key, eligible)
  return eligible
}
const eligibles = perEvidence(() => new Map<string, readonly string[]>())

/** Who would be elected now: of the nodes that stay in the funnel the first by hash. Null: nobody, as where the Service has no ready endpoint. */
export const electedNode = perEvidenceOf((evidence: Evidence, question: Question): Known<string | null> => {
  const funnel = electionFunnel(evidence, question)
  const endpoints = usableEndpoints(evidence, question)
  if (isGap(funnel)) return funnel
  if (isGap(endpoints)) return endpoints
  const { vip } = question
  const service = serviceOf(question)
  if (vip === null || service === null || endpoints.length === 0) return null
  // All addresses of a Service go with its first one; up to 0.10 the Service's name was hashed instead.
  const first = parseAddress(service.status?.loadBalancer?.ingress?.[0]?.ip) ?? vip
  const name = `${service.metadata?.namespace ?? ''}/${service.metadata?.name ?? ''}`
  const of = olderThan(metallbSettings(evidence), '0.11.0') ? name : first.text
  return firstByHash(funnel, of)
})

/** The first of {@link byHash} among those that stay, without sorting the others. */
function firstByHash(funnel: readonly Candidate[], of: string): string | null {
  let first: string | null = null
  let least: string | null = null
  for (const { node, out } of funnel) {
    if (out !== null) continue
    const own = hashOf(node, of)
    if (least !== null && own >= least) continue
    first = node
    least = own
  }
  return first
}
