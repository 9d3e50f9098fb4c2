import { customOfCluster, custom, kindOf, labelSelector, metadata, type KubernetesKind } from './kind.ts'

/** Who may send, of a rule of Cilium; `fromGroups` and `icmps` only by being there (Cilium 1.18 pkg/policy/api, IngressRule). */
const ciliumPeers = {
  fromEndpoints: [labelSelector],
  fromRequires: [labelSelector],
  fromNodes: [labelSelector],
  fromEntities: ['string'],
  fromCIDR: ['string'],
  fromCIDRSet: [{ cidr: 'string', except: ['string'] }],
  fromGroups: ['json'],
  icmps: ['json'],
  authentication: { mode: 'string' },
  toPorts: [{ ports: [{ port: 'scalar', endPort: 'number', protocol: 'string' }] }],
} as const

const ciliumRule = {
  endpointSelector: labelSelector,
  enableDefaultDeny: { ingress: 'boolean' },
  ingress: [ciliumPeers],
  ingressDeny: [ciliumPeers],
} as const

const ciliumPolicy = { metadata, spec: ciliumRule, specs: [ciliumRule] } as const

/** Source: Calico v3.30 libcalico-go apis/v3 (NetworkPolicySpec, GlobalNetworkPolicySpec). */
const calicoPolicy = {
  metadata,
  spec: {
    selector: 'string',
    namespaceSelector: 'string',
    types: ['string'],
    ingress: [{ action: 'string' }],
    egress: [{ action: 'string' }],
  },
} as const

/** Policies in the own words of what enforces them, beside the NetworkPolicies of Kubernetes. */
export const policyKinds = {
  ciliumnetworkpolicies: kindOf('CiliumNetworkPolicy', 'ciliumnetworkpolicies', 'cilium.io', ciliumPolicy, custom),
  ciliumclusterwidenetworkpolicies: kindOf(
    'CiliumClusterwideNetworkPolicy',
    'ciliumclusterwidenetworkpolicies',
    'cilium.io',
    ciliumPolicy,
    customOfCluster,
  ),
  caliconetworkpolicies: kindOf('NetworkPolicy', 'networkpolicies', 'crd.projectcalico.org', calicoPolicy, custom),
  calicoglobalnetworkpolicies: kindOf(
    'GlobalNetworkPolicy',
    'globalnetworkpolicies',
    'crd.projectcalico.org',
    calicoPolicy,
    customOfCluster,
  ),
} as const satisfies Record<string, KubernetesKind>
