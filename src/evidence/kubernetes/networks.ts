import { type KubernetesKind, customOfCluster, kindOf, labelSelector, metadata } from './kind.ts'

/** What of a CNI plugin's own objects is kept. Source: Calico v3.30 libcalico-go apis/v3. */
export const networkKinds = {
  calicoippools: kindOf(
    'IPPool',
    'ippools',
    'crd.projectcalico.org',
    { metadata, spec: { cidr: 'string', ipipMode: 'string', vxlanMode: 'string' } },
    customOfCluster,
  ),
  felixconfigurations: kindOf(
    'FelixConfiguration',
    'felixconfigurations',
    'crd.projectcalico.org',
    {
      metadata,
      spec: { bpfEnabled: 'boolean', vxlanPort: 'number', wireguardEnabled: 'boolean', wireguardEnabledV6: 'boolean' },
    },
    customOfCluster,
  ),
  calicobgpconfigurations: kindOf(
    'BGPConfiguration',
    'bgpconfigurations',
    'crd.projectcalico.org',
    { metadata, spec: { serviceLoadBalancerIPs: [{ cidr: 'string' }] } },
    customOfCluster,
  ),
  // Cilium 1.18 pkg/k8s/apis/cilium.io; what is v2 there was v2alpha1 up to 1.17, in the same words.
  ciliuml2announcementpolicies: kindOf(
    'CiliumL2AnnouncementPolicy',
    'ciliuml2announcementpolicies',
    'cilium.io',
    {
      metadata,
      spec: {
        nodeSelector: labelSelector,
        serviceSelector: labelSelector,
        interfaces: ['string'],
        loadBalancerIPs: 'boolean',
      },
    },
    customOfCluster,
  ),
  ciliumloadbalancerippools: kindOf(
    'CiliumLoadBalancerIPPool',
    'ciliumloadbalancerippools',
    'cilium.io',
    {
      metadata,
      spec: {
        disabled: 'boolean',
        serviceSelector: labelSelector,
        blocks: [{ cidr: 'string', start: 'string', stop: 'string' }],
      },
    },
    customOfCluster,
  ),
  ciliumbgpclusterconfigs: kindOf(
    'CiliumBGPClusterConfig',
    'ciliumbgpclusterconfigs',
    'cilium.io',
    {
      metadata,
      spec: {
        nodeSelector: labelSelector,
        bgpInstances: [{ peers: [{ name: 'string', peerAddress: 'string', peerConfigRef: { name: 'string' } }] }],
      },
    },
    customOfCluster,
  ),
  ciliumbgppeerconfigs: kindOf(
    'CiliumBGPPeerConfig',
    'ciliumbgppeerconfigs',
    'cilium.io',
    { metadata, spec: { families: [{ afi: 'string', advertisements: labelSelector }] } },
    customOfCluster,
  ),
  // Up to 1.17, beside the three kinds that took its place in 1.16.
  ciliumbgppeeringpolicies: kindOf(
    'CiliumBGPPeeringPolicy',
    'ciliumbgppeeringpolicies',
    'cilium.io',
    {
      metadata,
      spec: {
        nodeSelector: labelSelector,
        virtualRouters: [
          {
            serviceSelector: labelSelector,
            serviceAdvertisements: ['string'],
            neighbors: [{ peerAddress: 'string' }],
          },
        ],
      },
    },
    customOfCluster,
  ),
  ciliumbgpadvertisements: kindOf(
    'CiliumBGPAdvertisement',
    'ciliumbgpadvertisements',
    'cilium.io',
    {
      metadata,
      spec: {
        advertisements: [{ advertisementType: 'string', service: { addresses: ['string'] }, selector: labelSelector }],
      },
    },
    customOfCluster,
  ),
  ciliumbgpnodeconfigs: kindOf(
    'CiliumBGPNodeConfig',
    'ciliumbgpnodeconfigs',
    'cilium.io',
    {
      metadata,
      status: { bgpInstances: [{ peers: [{ name: 'string', peerAddress: 'string', peeringState: 'string' }] }] },
    },
    customOfCluster,
  ),
} as const satisfies Record<string, KubernetesKind>

/** What `net-conf.json` in flannel's ConfigMap says of how packets travel (flannel Documentation/backends.md). */
export const flannelNetwork = {
  Backend: { Type: 'string', Port: 'number', ListenPort: 'number', DirectRouting: 'boolean' },
} as const
