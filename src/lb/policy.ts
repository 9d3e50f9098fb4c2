import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { KubernetesObject, Pod } from '../evidence/kubernetes/kinds.ts'
import { everyAddress, parseCidr, rangeCovers, type Range } from '../net/range.ts'
import { selects } from './selector.ts'
import { perEvidence } from '../evidence/memo.ts'

/** A NetworkPolicy as kept. */
export type NetworkPolicy = KubernetesObject<'networkpolicies'>

const enforcers: readonly (readonly [name: string, image: RegExp])[] = [
  ['Calico', /\/calico\/node\b|\/node-driver-registrar-calico|calico-node/],
  ['Cilium', /\bcilium\/cilium\b|cilium-ci/],
  ['kube-router', /kube-router/],
  ['Antrea', /antrea/],
  ['Kube-OVN', /kubeovn\/kube-ovn/],
  ['Weave Net', /weave-npc/],
  ['OVN-Kubernetes', /\bovn-kube(rnetes)?\b/],
  ['kube-network-policies', /\bkube-network-policies\b/],
  ['the AWS network policy agent', /aws-network-policy-agent/],
]

/** What enforces NetworkPolicies in this cluster, by the image of its pods; null where nothing does that is in evidence. */
export const policyEnforcer = perEvidence((evidence): string | null => {
  const { pods } = evidence.kubernetes
  const images = new Set<string>()
  for (const { spec } of known(pods) ?? []) for (const { image = '' } of spec?.containers ?? []) images.add(image)
  const byImage = enforcers.find(([, image]) => [...images].some((one) => image.test(one)))?.[0]
  return byImage ?? (k3sEnforces(evidence) ? 'k3s, by the kube-router inside it,' : null)
})

/** k3s has an enforcer in its own process, unless it is turned off: then its chains are not there. */
function k3sEnforces(evidence: Evidence): boolean {
  const isK3s = (known(evidence.kubernetes.nodes) ?? []).some(({ status }) =>
    status?.nodeInfo?.kubeletVersion?.includes('+k3s'),
  )
  if (!isK3s) return false
  return evidence.nodeNames.slice(0, 3).some((node) => {
    const { iptablesNft, iptablesLegacy } = evidence.node(node)
    return [known(iptablesNft), known(iptablesLegacy)].some((save) =>
      save?.tables.get('filter')?.chains.has('KUBE-ROUTER-FORWARD'),
    )
  })
}

/** The policies that decide what comes into a pod; none means that everything may. */
export function policiesOf({ kubernetes: { networkpolicies } }: Evidence, pod: Pod): readonly NetworkPolicy[] {
  return (known(networkpolicies) ?? []).filter(
    ({ metadata, spec }) =>
      metadata?.namespace === pod.metadata?.namespace &&
      selects(spec?.podSelector ?? {}, pod.metadata?.labels) &&
      (spec?.policyTypes ?? ['Ingress']).includes('Ingress'),
  )
}

/**
 * Whether a policy lets a whole range in at a port (networking/v1, NetworkPolicyIngressRule). Peers by label choose pods, never an address
 * of a node or of a host outside the cluster.
 */
export function admits(policy: NetworkPolicy, pod: Pod, source: Range, protocol: string, port: number): boolean {
  return rulesAt(policy, pod, protocol, port).some(
    ({ from = [] }) => from.length === 0 || from.some(({ ipBlock }) => blockHas(ipBlock, source)),
  )
}

/** How Cilium, where it enforces policies, reads an ipBlock: whether one may mean a node. Null where something else enforces them. */
export interface CiliumPolicy {
  /** Null where its configuration was not read. */
  readonly blocksMeanNodes: boolean | null
}

/** `policy-cidr-match-mode` of its configuration; without it an ipBlock means no node (Cilium documentation, "Layer 3 Policies"). */
export const ciliumPolicy = perEvidence((evidence): CiliumPolicy | null => {
  if (policyEnforcer(evidence) !== 'Cilium') return null
  const maps = known(evidence.kubernetes.configmaps) ?? []
  const config = maps.find(({ metadata }) => metadata?.name === 'cilium-config')
  return {
    blocksMeanNodes: config === undefined ? null : /\bnodes\b/.test(config.data?.['policy-cidr-match-mode'] ?? ''),
  }
})

/**
 * Whether a policy lets in what a node passes on from its own address. Cilium takes that for the node, or, in a tunnel, for the world outside, which
 * only an ipBlock of everything means: null where it decides which.
 */
export function admitsNode(
  cilium: CiliumPolicy | null,
  policy: NetworkPolicy,
  pod: Pod,
  source: Range,
  protocol: string,
  port: number,
): boolean | null {
  const admitted = admits(policy, pod, source, protocol, port)
  if (cilium === null || cilium.blocksMeanNodes === true || !admitted) return admitted
  const rules = rulesAt(policy, pod, protocol, port)
  if (rules.some(({ from = [] }) => from.length === 0)) return true
  const all = everyAddress(source.family)
  const ofWorld = rules.some(({ from = [] }) => from.some(({ ipBlock }) => blockHas(ipBlock, all)))
  return ofWorld || cilium.blocksMeanNodes === null ? null : false
}

const rulesAt = ({ spec }: NetworkPolicy, pod: Pod, protocol: string, port: number) =>
  (spec?.ingress ?? []).filter(({ ports = [] }) => allowsPort(ports, pod, protocol, port))

interface PolicyPort {
  readonly protocol?: string | undefined
  readonly port?: string | number | undefined
  readonly endPort?: number | undefined
}

/** Whether ports of a rule name this one, by number or by the pod's own name for it; none names all. */
export const allowsPort = (ports: readonly PolicyPort[], pod: Pod, protocol: string, port: number): boolean =>
  ports.length === 0 ||
  ports.some((one) => {
    // ANY is Cilium's word for what is not said.
    if (!['any', protocol].includes((one.protocol ?? 'TCP').toLowerCase())) return false
    if (one.port === undefined) return true
    const first = typeof one.port === 'number' || /^\d+$/.test(one.port) ? Number(one.port) : portNamed(pod, one.port)
    return first !== null && port >= first && port <= (one.endPort ?? first)
  })

interface IpBlock {
  readonly cidr?: string | undefined
  readonly except?: readonly string[] | undefined
}

function blockHas(block: IpBlock | undefined, source: Range): boolean {
  const cidr = parseCidr(block?.cidr)
  const except = (block?.except ?? []).flatMap((text) => parseCidr(text) ?? [])
  return (
    cidr !== null &&
    rangeCovers(cidr, source) &&
    !except.some((one) => one.family === source.family && one.first <= source.last && source.first <= one.last)
  )
}

const portNamed = ({ spec }: Pod, name: string): number | null =>
  (spec?.containers ?? []).flatMap(({ ports = [] }) => ports).find((one) => one.name === name)?.containerPort ?? null
