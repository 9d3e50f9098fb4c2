import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap, known, type Known } from '../../evidence/gap.ts'
import { type BGPAdvertisement, type BGPPeer, objectName, type Service } from '../../evidence/kubernetes/kinds.ts'
import { type Question, serviceOf } from '../../evidence/question.ts'
import { anySelects } from '../selector.ts'
import { allows, bgpAdvertisementsFor } from './advertisements.ts'
import { whyUnfit } from './election.ts'
import { isReady, metallbPods, metallbSettings } from './install.ts'
import type { Announcement } from './observed.ts'
import { usableEndpoints } from './usable-endpoints.ts'
import type { Out } from './out.ts'

/** What speaks BGP for MetalLB. Without METALLB_BGP_TYPE it is its own native code, whatever the version (metallb v0.16.1, speaker/main.go). */
export function bgpBackend(evidence: Evidence): 'native' | 'frr' | 'frr-k8s' {
  const env = known(metallbPods(evidence, 'speaker'))?.flatMap(({ spec }) =>
    (spec?.containers ?? []).flatMap((container) => container.env ?? []),
  )
  const type = env?.find(({ name }) => name === 'METALLB_BGP_TYPE')?.value ?? ''
  return type === 'frr' ? 'frr' : type.startsWith('frr-k8s') ? 'frr-k8s' : 'native'
}

/** The BGPPeers that MetalLB reads: those of its own namespace. */
export function metallbPeers(evidence: Evidence): Known<readonly BGPPeer[]> {
  const peers = evidence.kubernetes.bgppeers
  const { namespace } = metallbSettings(evidence)
  return isGap(peers) ? peers : peers.filter(({ metadata }) => metadata?.namespace === namespace)
}

/** A node and the routers that its speaker should tell of the VIP. `out` is why it tells none; null where it does. */
export interface BgpSpeaker {
  readonly node: string
  readonly out: Out | null
  readonly peers: readonly BGPPeer[]
  readonly proof: Proof
}

/**
 * Who should announce the VIP by BGP: there is no election, every node that stays does (metallb v0.16.1, speaker/bgp_controller.go:
 * ShouldAnnounce, syncPeers). By node name.
 */
export function bgpSpeakers(evidence: Evidence, question: Question): Known<readonly BgpSpeaker[]> {
  const nodes = evidence.kubernetes.nodes
  const advertisements = bgpAdvertisementsFor(evidence, question)
  // Most clusters have none: nothing is asked of a thousand nodes for each of ten thousand VIPs.
  if (!isGap(advertisements) && advertisements.length === 0) return []
  const peers = metallbPeers(evidence)
  const speakers = metallbPods(evidence, 'speaker')
  const endpoints = usableEndpoints(evidence, question)
  const [gap] = gapsAmong(nodes, advertisements, peers, speakers, endpoints)
  if (gap !== undefined || isGap(nodes) || isGap(advertisements)) return gap ?? []
  const settings = metallbSettings(evidence)
  const alive = new Set((known(speakers) ?? []).filter(isReady).flatMap(({ spec }) => spec?.nodeName ?? []))
  const ready = known(endpoints) ?? []
  const local = serviceOf(question)?.spec?.externalTrafficPolicy === 'Local'
  const speaker = (node: (typeof nodes)[number]): BgpSpeaker => {
    const name = node.metadata?.name ?? ''
    const proof = cite(node, 'metadata', 'name')
    const is = (out: Out, at: Proof = proof): BgpSpeaker => ({ node: name, out, peers: [], proof: at })
    const unfit = whyUnfit(node, settings)
    if (unfit !== null) return is(unfit.out, unfit.proof)
    const own = advertisements.filter((one) => allows(one, node))
    if (own.length === 0) return is('no-bgp-advertisement', cite(node, 'metadata', 'labels'))
    if (!alive.has(name)) return is('speaker-not-ready')
    if (ready.length === 0) return is('no-endpoint')
    if (local && !ready.some((endpoint) => endpoint.node === name)) return is('no-own-endpoint')
    const selecting = (known(peers) ?? []).filter(({ spec }) => anySelects(spec?.nodeSelectors, node.metadata?.labels))
    if (selecting.length === 0) return is('no-peer', cite(node, 'metadata', 'labels'))
    const told = selecting.filter((peer) => own.some((one) => tells(one, peer)))
    return told.length === 0 ? is('peers-not-named') : { node: name, out: null, peers: told, proof }
  }
  return nodes.map(speaker).sort((one, other) => (one.node < other.node ? -1 : 1))
}

/** Whether an advertisement goes to a peer; one that names no peers goes to all. */
const tells = ({ spec }: BGPAdvertisement, peer: BGPPeer): boolean =>
  (spec?.peers ?? []).length === 0 || (spec?.peers ?? []).includes(peer.metadata?.name ?? '')

/** Two advertisements of one prefix that want different local preferences on a node and peer that they share; MetalLB then announces neither. */
export function conflictOf(
  evidence: Evidence,
  question: Question,
): readonly [BGPAdvertisement, BGPAdvertisement] | null {
  const advertisements = known(bgpAdvertisementsFor(evidence, question)) ?? []
  const nodes = known(evidence.kubernetes.nodes) ?? []
  const length = ({ spec }: BGPAdvertisement): number =>
    question.vip?.family === 6 ? (spec?.aggregationLengthV6 ?? 128) : (spec?.aggregationLength ?? 32)
  const peersOf = ({ spec }: BGPAdvertisement): readonly string[] => spec?.peers ?? []
  const pairs = advertisements.flatMap((one, index) =>
    advertisements.slice(index + 1).map((other) => [one, other] as const),
  )
  return (
    pairs.find(
      ([one, other]) =>
        length(one) === length(other) &&
        (one.spec?.localPref ?? 0) !== (other.spec?.localPref ?? 0) &&
        nodes.some((node) => allows(one, node) && allows(other, node)) &&
        (peersOf(one).length === 0 ||
          peersOf(other).length === 0 ||
          peersOf(one).some((name) => peersOf(other).includes(name))),
    ) ?? null
  )
}

/**
 * Which speakers say that they announce by BGP: one ServiceBGPStatus for each Service and node, since 0.15.0. It lists the peers that are
 * configured, not those with a session. One whose speaker is gone does not count.
 */
export function announcingByBgp(evidence: Evidence, service: Service): Known<readonly Announcement[]> {
  const statuses = evidence.kubernetes.servicebgpstatuses
  if (isGap(statuses)) return statuses
  const speakers = known(metallbPods(evidence, 'speaker'))
  const lives = (name: string): boolean => speakers === null || speakers.some(({ metadata }) => metadata?.name === name)
  return statuses
    .filter(
      ({ metadata, status }) =>
        `${status?.serviceNamespace ?? ''}/${status?.serviceName ?? ''}` === objectName(service) &&
        (metadata?.ownerReferences ?? []).every(({ kind, name = '' }) => kind !== 'Pod' || lives(name)),
    )
    .flatMap((own) => {
      const node = own.status?.node
      return node === undefined ? [] : [{ node, interfaces: null, proof: cite(own, 'status', 'node') }]
    })
    .sort((one, other) => (one.node < other.node ? -1 : 1))
}
