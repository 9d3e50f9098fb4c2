import { cite } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import type { KubernetesObject, LabelSelector, Service } from '../evidence/kubernetes/kinds.ts'
import type { ServiceQuestion } from '../evidence/question.ts'
import { counted, inWords } from '../net/words.ts'
import { choosesService, type Told } from './cilium-announcements.ts'
import { nodesBehind } from './endpoints.ts'
import { selects } from './selector.ts'

/**
 * What Cilium's BGP control plane does for a Service. `told`: what its objects settle; null where they settle nothing. `nodes`: those that
 * should tell routers, whether or not their sessions are up. `open`: whether objects that were not read may say more.
 */
export interface ByBgp {
  readonly told: Told | null
  readonly nodes: readonly string[]
  readonly open: boolean
  /** That it runs, and no object of its own chooses the Service. */
  readonly unchosen: boolean
}

const nothing: ByBgp = { told: null, nodes: [], open: false, unchosen: false }
const silent = (says: string, proof: Told['proof']): ByBgp => ({ ...nothing, told: { nodes: [], says, proof } })

/**
 * A CiliumBGPAdvertisement chooses Services, the families of a CiliumBGPPeerConfig choose advertisements, a CiliumBGPClusterConfig gives nodes
 * peers with such a configuration, and CiliumBGPNodeConfig has the state of their sessions (since 1.16). Up to 1.17 a CiliumBGPPeeringPolicy
 * may do all of it (Cilium 1.18 documentation, "BGP Control Plane Resources"; 1.15, "BGP Control Plane").
 */
export function byCiliumBgp(evidence: Evidence, question: ServiceQuestion): ByBgp {
  // Off unless it is switched on (Cilium 1.18 pkg/bgp, EnableBGPControlPlane).
  if (configOf(evidence) !== null && !runs(evidence)) return nothing
  const advertisement = (known(evidence.kubernetes.ciliumbgpadvertisements) ?? []).find((one) =>
    advertises(one, question.service),
  )
  if (advertisement === undefined) return byPolicy(evidence, question)
  return brokenLink(evidence, advertisement) ?? bySessions(evidence, question)
}

const runs = (evidence: Evidence): boolean => configOf(evidence)?.['enable-bgp-control-plane'] === 'true'

/** What its ConfigMap sets; null where it was not read. */
const configOf = ({ kubernetes: { configmaps } }: Evidence) =>
  known(configmaps)?.find(({ metadata }) => metadata?.name === 'cilium-config')?.data ?? null

type Advertisement = KubernetesObject<'ciliumbgpadvertisements'>

/** Of advertisements, unlike of policies, one without a selector chooses nothing. */
const advertises = ({ spec }: Advertisement, service: Service): boolean =>
  (spec?.advertisements ?? []).some(
    ({ advertisementType, service: what, selector }) =>
      advertisementType === 'Service' &&
      (what?.addresses ?? []).includes('LoadBalancerIP') &&
      selector !== undefined &&
      choosesService(selector, service),
  )

/** Where the chain from an advertisement to a node's peer ends before it; null where it holds, or was not read. */
function brokenLink({ kubernetes }: Evidence, advertisement: Advertisement): ByBgp | null {
  const { name = '', labels } = advertisement.metadata ?? {}
  const peerConfigs = known(kubernetes.ciliumbgppeerconfigs)
  const clusterConfigs = known(kubernetes.ciliumbgpclusterconfigs)
  const choosing = peerConfigs?.filter(({ spec }) =>
    (spec?.families ?? []).some(({ advertisements: by }) => by !== undefined && selects(by, labels)),
  )
  if (choosing?.length === 0)
    return silent(
      `no CiliumBGPPeerConfig chooses CiliumBGPAdvertisement ${name} by its labels`,
      cite(advertisement, 'metadata', 'labels'),
    )
  if (clusterConfigs === null) return null
  const [first] = clusterConfigs
  if (first === undefined)
    return silent('there is no CiliumBGPClusterConfig, so that no node has a peer', cite(advertisement, 'spec'))
  const names = new Set(choosing?.map(({ metadata }) => metadata?.name))
  const telling = clusterConfigs.filter(({ spec }) =>
    (spec?.bgpInstances ?? []).some(({ peers = [] }) =>
      peers.some(({ peerConfigRef }) => choosing === undefined || names.has(peerConfigRef?.name)),
    ),
  )
  if (telling.length === 0)
    return silent(
      `no peer of a CiliumBGPClusterConfig has a CiliumBGPPeerConfig that chooses CiliumBGPAdvertisement ${name} (${inWords([...names].map(String))})`,
      cite(first, 'spec', 'bgpInstances'),
    )
  const nodes = known(kubernetes.nodes) ?? []
  return nodes.length === 0 || telling.some(({ spec }) => nodes.some((node) => selected(spec?.nodeSelector, node)))
    ? null
    : silent(
        `CiliumBGPClusterConfig ${telling[0]?.metadata?.name ?? ''} selects no node`,
        cite(telling[0] ?? first, 'spec', 'nodeSelector'),
      )
}

const selected = (selector: LabelSelector | undefined, { metadata }: KubernetesObject<'nodes'>): boolean =>
  selector === undefined || selects(selector, metadata?.labels)

/** The nodes with an established session; with Local those of them that have an endpoint. */
function bySessions(evidence: Evidence, question: ServiceQuestion): ByBgp {
  const configs = evidence.kubernetes.ciliumbgpnodeconfigs
  if (isGap(configs)) return { ...nothing, open: true }
  const peers = configs.flatMap((config) =>
    (config.status?.bgpInstances ?? []).flatMap((instance) =>
      (instance.peers ?? []).map(({ peerAddress = '', peeringState = '' }) => ({
        node: config.metadata?.name ?? '',
        peer: peerAddress,
        state: peeringState,
        proof: cite(config, 'status'),
      })),
    ),
  )
  const up = peers.filter(({ state }) => state === 'established')
  const [first] = up.length > 0 ? up : peers
  if (first === undefined) return { ...nothing, open: true }
  const down = inWords(
    peers.map(({ node, peer, state }) => `${node} with ${peer}: ${state}`),
    4,
  )
  if (up.length === 0) return silent(`no session is established (${down})`, first.proof)
  const sessions = [...new Set(up.map(({ node }) => node))].sort()
  const nodes = withEndpoint(evidence, question, sessions)
  if (nodes.length === 0)
    return silent(
      `${inWords(sessions)} ${sessions.length === 1 ? 'has' : 'have'} a session, and with externalTrafficPolicy Local only nodes with an endpoint tell of it`,
      first.proof,
    )
  const routers = inWords([...new Set(up.map(({ peer }) => peer))].sort())
  return {
    ...nothing,
    nodes,
    told: {
      nodes,
      says: `${counted(nodes.length, 'node')} ${nodes.length === 1 ? 'has' : 'have'} a session with ${routers}`,
      proof: first.proof,
    },
  }
}

function withEndpoint(evidence: Evidence, question: ServiceQuestion, nodes: readonly string[]): readonly string[] {
  if (question.service.spec?.externalTrafficPolicy !== 'Local') return nodes
  const behind = nodesBehind(evidence, question)
  return nodes.filter((node) => behind.includes(node))
}

/** A node takes the policy that selects it, and none where several do. Whether its sessions are up stands in no object. */
function byPolicy(evidence: Evidence, question: ServiceQuestion): ByBgp {
  const { ciliumbgppeeringpolicies: listed, ciliumbgpadvertisements: advertisements, nodes } = evidence.kubernetes
  const policies = known(listed)
  if (policies === null) {
    const open = isGap(advertisements) || knowsPolicies(evidence)
    return { ...nothing, open, unchosen: !open && runs(evidence) }
  }
  const choosing = policies.filter(({ spec }) =>
    (spec?.virtualRouters ?? []).some(
      ({ serviceSelector, serviceAdvertisements = ['LoadBalancerIP'] }) =>
        serviceSelector !== undefined &&
        serviceAdvertisements.includes('LoadBalancerIP') &&
        choosesService(serviceSelector, question.service),
    ),
  )
  const [first] = choosing
  if (first === undefined) {
    const open = isGap(advertisements) && !isOld(evidence)
    return { ...nothing, open, unchosen: !open && runs(evidence) }
  }
  const all = known(nodes) ?? []
  const by = all.map((node) => ({ node, taken: policies.filter(({ spec }) => selected(spec?.nodeSelector, node)) }))
  const name = first.metadata?.name ?? ''
  const own = by.filter(({ taken }) => taken.some((one) => choosing.includes(one)))
  const alone = own.filter(({ taken }) => taken.length === 1).flatMap(({ node }) => node.metadata?.name ?? [])
  if (all.length > 0 && own.length === 0)
    return silent(`CiliumBGPPeeringPolicy ${name} selects no node`, cite(first, 'spec', 'nodeSelector'))
  if (all.length > 0 && alone.length === 0)
    return silent(
      `${inWords(own.flatMap(({ node }) => node.metadata?.name ?? []))} ${own.length === 1 ? 'is' : 'are'} selected by several CiliumBGPPeeringPolicies, and ${own.length === 1 ? 'takes' : 'take'} none of them then`,
      cite(first, 'spec', 'nodeSelector'),
    )
  return { ...nothing, nodes: withEndpoint(evidence, question, alone), open: true }
}

/** The releases that know CiliumBGPPeeringPolicy are those before 1.18, and those that know nothing else are those before 1.16. */
const knowsPolicies = (evidence: Evidence): boolean => (minorOf(evidence) ?? 0) < 18
const isOld = (evidence: Evidence): boolean => (minorOf(evidence) ?? 16) < 16

/** The minor version of its agents, 17 of 1.17.4, by their image; null where no tag says it. */
const minorOf = ({ kubernetes: { pods } }: Evidence): number | null =>
  (known(pods) ?? []).flatMap(({ spec }) =>
    (spec?.containers ?? []).flatMap(({ image = '' }) => {
      const minor = /\bcilium\/cilium(?:-ci)?:v?1\.(\d+)\b/.exec(image)?.[1]
      return minor === undefined ? [] : [Number(minor)]
    }),
  )[0] ?? null
