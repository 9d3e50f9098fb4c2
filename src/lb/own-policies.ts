import type { Evidence } from '../evidence/evidence.ts'
import { gapsAmong, known, type Gap } from '../evidence/gap.ts'
import {
  kubernetesKinds,
  type KubernetesKindName,
  type KubernetesObject,
  type Pod,
} from '../evidence/kubernetes/kinds.ts'
import { hasBpf } from '../evidence/kubernetes/felix.ts'
import { everyAddress, parseCidrOrAddress, rangeCovers, type Range } from '../net/range.ts'
import { allowsPort, policyEnforcer } from './policy.ts'
import { selects } from './selector.ts'

/** A policy in the own words of what enforces it, that selects a pod and has to do with what comes in. */
export interface OwnPolicy {
  readonly object: KubernetesObject<'ciliumnetworkpolicies'> | KubernetesObject<'caliconetworkpolicies'>
  /** As `kubectl get` names the kind: `ciliumnetworkpolicies.cilium.io`. */
  readonly resource: string
  /** True where it lets the source in for certain; false where it neither does so nor is known to refuse it. */
  readonly admits: boolean
  /** Whether it takes back what others admit. */
  readonly mayDeny: boolean
}

/** Whose packet it is: one that a node passes on, which Cilium takes for a node or for the world; or one from these addresses outside. */
export interface PacketSource {
  readonly fromNode: boolean
  readonly addresses: readonly Range[]
  readonly protocol: string
  readonly port: number
}

type Ciliums = 'ciliumnetworkpolicies' | 'ciliumclusterwidenetworkpolicies'
type Calicos = 'caliconetworkpolicies' | 'calicoglobalnetworkpolicies'

const ciliums: readonly Ciliums[] = ['ciliumnetworkpolicies', 'ciliumclusterwidenetworkpolicies']
const calicos: readonly Calicos[] = ['caliconetworkpolicies', 'calicoglobalnetworkpolicies']

/** What of these policies was not read, where what enforces policies has some of its own. */
export function unreadPolicies(evidence: Evidence, pod: Pod): readonly Gap[] {
  const enforcer = policyEnforcer(evidence)
  const kinds = enforcer === 'Cilium' ? ciliums : enforcer === 'Calico' && !isTraced(evidence, pod) ? calicos : []
  return gapsAmong(...kinds.map((kind) => evidence.kubernetes[kind]))
}

/**
 * Whether the tracer sees what Calico holds back at a pod: the rules of its own node have Calico’s chains, or kube-proxy’s alone. Calico’s
 * eBPF data plane has no chains, and takes kube-proxy’s place.
 */
const isTraced = (evidence: Evidence, pod: Pod): boolean =>
  hasChain(evidence, pod, 'filter', 'cali-FORWARD') ||
  (hasChain(evidence, pod, 'nat', 'KUBE-SERVICES') && !hasBpf(evidence))

function hasChain(evidence: Evidence, { spec }: Pod, table: string, chain: string): boolean {
  const { iptablesNft, iptablesLegacy } = evidence.node(spec?.nodeName ?? '')
  return [known(iptablesNft), known(iptablesLegacy)].some((save) => save?.tables.get(table)?.chains.has(chain) === true)
}

/** The policies of the enforcer’s own that select a pod, and what each says to this packet. */
export function ownPolicies(evidence: Evidence, pod: Pod, source: PacketSource): readonly OwnPolicy[] {
  const enforcer = policyEnforcer(evidence)
  if (enforcer === 'Cilium') return ciliums.flatMap((kind) => ofCilium(evidence, kind, pod, source))
  if (enforcer === 'Calico' && !isTraced(evidence, pod)) return calicos.flatMap((kind) => ofCalico(evidence, kind, pod))
  return []
}

const resourceOf = (kind: KubernetesKindName): string =>
  `${kubernetesKinds[kind].plural}.${kubernetesKinds[kind].group}`

const inNamespace = (
  object: { readonly metadata?: { readonly namespace?: string | undefined } | undefined },
  pod: Pod,
) => object.metadata?.namespace === undefined || object.metadata.namespace === pod.metadata?.namespace

/** A rule that selects a pod and has an ingress section shuts out what no rule lets in, unless it says enableDefaultDeny: false (Cilium 1.18). */
function ofCilium({ kubernetes }: Evidence, kind: Ciliums, pod: Pod, source: PacketSource): readonly OwnPolicy[] {
  return (known(kubernetes[kind]) ?? []).flatMap((object) => {
    const rules = [...(object.spec === undefined ? [] : [object.spec]), ...(object.specs ?? [])].filter(
      ({ endpointSelector, ingress = [], ingressDeny = [], enableDefaultDeny }) =>
        endpointSelector !== undefined &&
        inNamespace(object, pod) &&
        choosesPod(endpointSelector, pod) &&
        ((ingress.length > 0 && enableDefaultDeny?.ingress !== false) || ingressDeny.length > 0),
    )
    if (rules.length === 0) return []
    const admits = rules.some(({ ingress = [] }) => ingress.some((rule) => ciliumAdmits(rule, pod, source)))
    const mayDeny = rules.some(({ ingressDeny = [] }) => ingressDeny.length > 0)
    return [{ object, resource: resourceOf(kind), admits, mayDeny }]
  })
}

type CiliumRule = NonNullable<NonNullable<KubernetesObject<Ciliums>['spec']>['ingress']>[number]
type CiliumSelector = NonNullable<KubernetesObject<Ciliums>['spec']>['endpointSelector']

/** Keys may carry the source of the label (`k8s:app`), and name the pod’s namespace or service account: of these it may choose the pod. */
function choosesPod(selector: NonNullable<CiliumSelector>, pod: Pod): boolean {
  const bare = (key: string): string => key.replace(/^(?:k8s|any)[:.]/, '')
  const isOwn = (key = ''): boolean => !bare(key).startsWith('io.kubernetes.') && !bare(key).startsWith('io.cilium.')
  return selects(
    {
      matchLabels: Object.fromEntries(
        Object.entries(selector.matchLabels ?? {}).flatMap(([key, value]) => (isOwn(key) ? [[bare(key), value]] : [])),
      ),
      matchExpressions: (selector.matchExpressions ?? [])
        .filter(({ key }) => isOwn(key))
        .map((one) => ({ ...one, key: bare(one.key ?? '') })),
    },
    pod.metadata?.labels,
  )
}

/** Whether one rule lets the source in, whatever Cilium takes it for: a node’s packet must be let in as the node’s and as the world’s. */
function ciliumAdmits(rule: CiliumRule, pod: Pod, { fromNode, addresses, protocol, port }: PacketSource): boolean {
  const { fromEntities, fromCIDR, fromCIDRSet, fromEndpoints, fromNodes, fromRequires, fromGroups, icmps } = rule
  if (icmps !== undefined || fromRequires !== undefined || rule.authentication?.mode === 'required') return false
  const { toPorts = [] } = rule
  const isPort = toPorts.length === 0 || toPorts.some(({ ports = [] }) => allowsPort(ports, pod, protocol, port))
  if (!isPort) return false
  if ([fromEntities, fromCIDR, fromCIDRSet, fromEndpoints, fromNodes, fromGroups].every((peers) => peers === undefined))
    return true
  const has = (...names: readonly string[]): boolean => names.some((name) => fromEntities?.includes(name) === true)
  const blocks = [
    ...(fromCIDR ?? []),
    ...(fromCIDRSet ?? []).flatMap(({ cidr = '', except = [] }) => (except.length > 0 ? [] : [cidr])),
  ]
  const ofWorld =
    has('all', 'world') ||
    addresses.every((one) => blocks.some((text) => covers(text, fromNode ? everyAddress(one.family) : one)))
  return ofWorld && (!fromNode || has('all', 'cluster', 'remote-node'))
}

function covers(text: string, range: Range): boolean {
  const cidr = parseCidrOrAddress(text)
  return cidr !== null && rangeCovers(cidr, range)
}

/** Calico’s have an order and tiers, and may allow, deny and pass on: which of them decides is not judged, so none admits. */
function ofCalico({ kubernetes }: Evidence, kind: Calicos, pod: Pod): readonly OwnPolicy[] {
  return (known(kubernetes[kind]) ?? []).flatMap((object) => {
    const { selector = '', types, ingress = [], egress = [] } = object.spec ?? {}
    const onIngress = types?.includes('Ingress') ?? (ingress.length > 0 || egress.length === 0)
    if (!onIngress || !inNamespace(object, pod) || !mayChoose(selector, pod)) return []
    return [{ object, resource: resourceOf(kind), admits: false, mayDeny: true }]
  })
}

/** Whether a selector of Calico may choose a pod: `key == 'value'` and `has(key)` joined by `&&` are judged; whatever else it says, it may. */
const mayChoose = (selector: string, { metadata }: Pod): boolean =>
  selector.includes('||') ||
  selector.split('&&').every((term) => {
    const [, key, value] = /^\s*([\w./-]+)\s*==\s*["']([^"']*)["']\s*$/.exec(term) ?? []
    const [, wanted = key] = /^\s*has\(([\w./-]+)\)\s*$/.exec(term) ?? []
    if (wanted === undefined || isUnseen(wanted)) return true
    const found = metadata?.labels?.[wanted]
    return found !== undefined && (value === undefined || found === value)
  })

/** Labels that Calico adds to a pod’s own (projectcalico.org/namespace, …/orchestrator). */
const isUnseen = (key: string): boolean => key.startsWith('projectcalico.org/')
