import { mapOf, type Shape, type Shaped } from './shape.ts'

// What is kept of each Kubernetes object: the fields that some check reads, in the API's own names and nesting.
// Sources: k8s.io/api v1.34 types; MetalLB v0.16.1 api/v1beta1 and v1beta2; frr-k8s api/v1beta1; Calico libcalico-go apis/v3; Kube-OVN 1.16.

const metadata = {
  name: 'string',
  namespace: 'string',
  uid: 'string',
  labels: mapOf('string'),
  annotations: mapOf('string'),
  creationTimestamp: 'string',
  deletionTimestamp: 'string',
  resourceVersion: 'string',
  generation: 'number',
  ownerReferences: [{ apiVersion: 'string', kind: 'string', name: 'string', uid: 'string', controller: 'boolean' }],
} as const

const labelSelector = {
  matchLabels: mapOf('string'),
  matchExpressions: [{ key: 'string', operator: 'string', values: ['string'] }],
} as const

const condition = {
  type: 'string',
  status: 'string',
  reason: 'string',
  message: 'string',
  lastTransitionTime: 'string',
  lastHeartbeatTime: 'string',
} as const

const container = {
  name: 'string',
  image: 'string',
  command: ['string'],
  args: ['string'],
  env: [{ name: 'string', value: 'string', valueFrom: 'json' }],
  ports: [{ name: 'string', containerPort: 'number', hostPort: 'number', hostIP: 'string', protocol: 'string' }],
  readinessProbe: 'json',
  securityContext: 'json',
} as const

const containerState = {
  running: { startedAt: 'string' },
  waiting: { reason: 'string', message: 'string' },
  terminated: { reason: 'string', message: 'string', exitCode: 'number', finishedAt: 'string' },
} as const

const podSpec = {
  nodeName: 'string',
  hostNetwork: 'boolean',
  serviceAccountName: 'string',
  nodeSelector: mapOf('string'),
  tolerations: [{ key: 'string', operator: 'string', value: 'string', effect: 'string' }],
  containers: [container],
  initContainers: [container],
  volumes: 'json',
} as const

const podTemplate = { metadata, spec: podSpec } as const

const workloadStatus = {
  desiredNumberScheduled: 'number',
  numberReady: 'number',
  numberUnavailable: 'number',
  replicas: 'number',
  readyReplicas: 'number',
  availableReplicas: 'number',
  conditions: [condition],
} as const

const advertisementSpec = {
  ipAddressPools: ['string'],
  ipAddressPoolSelectors: [labelSelector],
  nodeSelectors: [labelSelector],
  interfaces: ['string'],
  serviceSelectors: [labelSelector],
  aggregationLength: 'number',
  aggregationLengthV6: 'number',
  localPref: 'number',
  communities: ['string'],
  peers: ['string'],
} as const

const networkPolicyPeer = {
  podSelector: labelSelector,
  namespaceSelector: labelSelector,
  ipBlock: { cidr: 'string', except: ['string'] },
} as const
const networkPolicyPort = { protocol: 'string', port: 'scalar', endPort: 'number' } as const

interface KubernetesKind {
  /** The API group; `''` is core. */
  readonly group: string
  readonly plural: string
  readonly kind: string
  /** False for what lives outside namespaces. */
  readonly namespaced: boolean
  /** True for a custom resource: where its definition is not installed, its file is not there, and that is no gap in an answer about others. */
  readonly custom: boolean
  readonly shape: Shape
}

type Options = Partial<Pick<KubernetesKind, 'namespaced' | 'custom'>>

const kindOf = <const S extends Shape>(
  kind: string,
  plural: string,
  group: string,
  shape: S,
  options: Options = {},
) => ({
  kind,
  plural,
  group,
  namespaced: options.namespaced ?? true,
  custom: options.custom ?? false,
  shape,
})

const custom = { custom: true }
const customOfCluster = { custom: true, namespaced: false }
const cluster = { namespaced: false }

/** Every kind of Kubernetes object that vipdoctor reads. The key in kebab case, behind `kubernetes/`, is the kind's name in a check's `needs`. */
export const kubernetesKinds = {
  services: kindOf('Service', 'services', '', {
    metadata,
    spec: {
      type: 'string',
      clusterIP: 'string',
      clusterIPs: ['string'],
      externalIPs: ['string'],
      externalName: 'string',
      externalTrafficPolicy: 'string',
      internalTrafficPolicy: 'string',
      healthCheckNodePort: 'number',
      ipFamilies: ['string'],
      ipFamilyPolicy: 'string',
      loadBalancerClass: 'string',
      loadBalancerIP: 'string',
      loadBalancerSourceRanges: ['string'],
      allocateLoadBalancerNodePorts: 'boolean',
      publishNotReadyAddresses: 'boolean',
      sessionAffinity: 'string',
      selector: mapOf('string'),
      ports: [
        {
          name: 'string',
          port: 'number',
          nodePort: 'number',
          protocol: 'string',
          targetPort: 'scalar',
          appProtocol: 'string',
        },
      ],
    },
    status: {
      loadBalancer: {
        ingress: [
          {
            ip: 'string',
            hostname: 'string',
            ipMode: 'string',
            ports: [{ port: 'number', protocol: 'string', error: 'string' }],
          },
        ],
      },
      conditions: [condition],
    },
  }),
  nodes: kindOf(
    'Node',
    'nodes',
    '',
    {
      metadata,
      spec: {
        podCIDR: 'string',
        podCIDRs: ['string'],
        providerID: 'string',
        unschedulable: 'boolean',
        taints: [{ key: 'string', value: 'string', effect: 'string' }],
      },
      status: {
        addresses: [{ type: 'string', address: 'string' }],
        conditions: [condition],
        nodeInfo: {
          systemUUID: 'string',
          machineID: 'string',
          kubeletVersion: 'string',
          kubeProxyVersion: 'string',
          containerRuntimeVersion: 'string',
          kernelVersion: 'string',
          osImage: 'string',
        },
      },
    },
    cluster,
  ),
  pods: kindOf('Pod', 'pods', '', {
    metadata,
    spec: podSpec,
    status: {
      phase: 'string',
      reason: 'string',
      message: 'string',
      podIP: 'string',
      podIPs: [{ ip: 'string' }],
      hostIP: 'string',
      conditions: [condition],
      containerStatuses: [
        {
          name: 'string',
          ready: 'boolean',
          restartCount: 'number',
          image: 'string',
          state: containerState,
          lastState: containerState,
        },
      ],
    },
  }),
  endpointslices: kindOf('EndpointSlice', 'endpointslices', 'discovery.k8s.io', {
    metadata,
    addressType: 'string',
    endpoints: [
      {
        addresses: ['string'],
        conditions: { ready: 'boolean', serving: 'boolean', terminating: 'boolean' },
        nodeName: 'string',
        hostname: 'string',
        zone: 'string',
        hints: 'json',
        targetRef: { kind: 'string', name: 'string', namespace: 'string', uid: 'string' },
      },
    ],
    ports: [{ name: 'string', port: 'number', protocol: 'string' }],
  }),
  namespaces: kindOf('Namespace', 'namespaces', '', { metadata, status: { phase: 'string' } }, cluster),
  configmaps: kindOf('ConfigMap', 'configmaps', '', { metadata, data: mapOf('string') }),
  events: kindOf('Event', 'events', '', {
    metadata,
    type: 'string',
    reason: 'string',
    message: 'string',
    count: 'number',
    firstTimestamp: 'string',
    lastTimestamp: 'string',
    eventTime: 'string',
    series: { count: 'number', lastObservedTime: 'string' },
    source: { component: 'string', host: 'string' },
    reportingComponent: 'string',
    reportingInstance: 'string',
    action: 'string',
    involvedObject: { kind: 'string', namespace: 'string', name: 'string', uid: 'string' },
  }),
  leases: kindOf('Lease', 'leases', 'coordination.k8s.io', {
    metadata,
    spec: {
      holderIdentity: 'string',
      leaseDurationSeconds: 'number',
      acquireTime: 'string',
      renewTime: 'string',
      leaseTransitions: 'number',
    },
  }),
  daemonsets: kindOf('DaemonSet', 'daemonsets', 'apps', {
    metadata,
    spec: { selector: labelSelector, template: podTemplate },
    status: workloadStatus,
  }),
  deployments: kindOf('Deployment', 'deployments', 'apps', {
    metadata,
    spec: { replicas: 'number', selector: labelSelector, template: podTemplate },
    status: workloadStatus,
  }),
  ingresses: kindOf('Ingress', 'ingresses', 'networking.k8s.io', {
    metadata,
    spec: { ingressClassName: 'string', rules: 'json', defaultBackend: 'json' },
    status: { loadBalancer: { ingress: [{ ip: 'string', hostname: 'string' }] } },
  }),
  ingressclasses: kindOf(
    'IngressClass',
    'ingressclasses',
    'networking.k8s.io',
    { metadata, spec: { controller: 'string' } },
    cluster,
  ),
  networkpolicies: kindOf('NetworkPolicy', 'networkpolicies', 'networking.k8s.io', {
    metadata,
    spec: {
      podSelector: labelSelector,
      policyTypes: ['string'],
      ingress: [{ from: [networkPolicyPeer], ports: [networkPolicyPort] }],
      egress: [{ to: [networkPolicyPeer], ports: [networkPolicyPort] }],
    },
  }),
  validatingwebhookconfigurations: kindOf(
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    'admissionregistration.k8s.io',
    {
      metadata,
      webhooks: [
        {
          name: 'string',
          failurePolicy: 'string',
          timeoutSeconds: 'number',
          clientConfig: {
            caBundle: 'string',
            url: 'string',
            service: { name: 'string', namespace: 'string', path: 'string', port: 'number' },
          },
        },
      ],
    },
    cluster,
  ),
  ipaddresspools: kindOf(
    'IPAddressPool',
    'ipaddresspools',
    'metallb.io',
    {
      metadata,
      spec: {
        addresses: ['string'],
        autoAssign: 'boolean',
        avoidBuggyIPs: 'boolean',
        serviceAllocation: {
          priority: 'number',
          namespaces: ['string'],
          namespaceSelectors: [labelSelector],
          serviceSelectors: [labelSelector],
        },
      },
      status: { assignedIPv4: 'number', assignedIPv6: 'number', availableIPv4: 'number', availableIPv6: 'number' },
    },
    custom,
  ),
  addresspools: kindOf(
    'AddressPool',
    'addresspools',
    'metallb.io',
    {
      metadata,
      spec: {
        protocol: 'string',
        addresses: ['string'],
        autoAssign: 'boolean',
        avoidBuggyIPs: 'boolean',
        bgpAdvertisements: 'json',
      },
    },
    custom,
  ),
  l2advertisements: kindOf(
    'L2Advertisement',
    'l2advertisements',
    'metallb.io',
    { metadata, spec: advertisementSpec },
    custom,
  ),
  bgpadvertisements: kindOf(
    'BGPAdvertisement',
    'bgpadvertisements',
    'metallb.io',
    { metadata, spec: advertisementSpec },
    custom,
  ),
  bgppeers: kindOf(
    'BGPPeer',
    'bgppeers',
    'metallb.io',
    {
      metadata,
      spec: {
        myASN: 'number',
        peerASN: 'number',
        dynamicASN: 'string',
        peerAddress: 'string',
        interface: 'string',
        peerPort: 'number',
        sourceAddress: 'string',
        nodeSelectors: [labelSelector],
        bfdProfile: 'string',
        ebgpMultiHop: 'boolean',
        holdTime: 'string',
        keepaliveTime: 'string',
        vrf: 'string',
        password: 'string',
        passwordSecret: { name: 'string', namespace: 'string' },
      },
    },
    custom,
  ),
  bfdprofiles: kindOf('BFDProfile', 'bfdprofiles', 'metallb.io', { metadata, spec: 'json' }, custom),
  communities: kindOf('Community', 'communities', 'metallb.io', { metadata, spec: 'json' }, custom),
  servicel2statuses: kindOf(
    'ServiceL2Status',
    'servicel2statuses',
    'metallb.io',
    {
      metadata,
      status: { node: 'string', serviceName: 'string', serviceNamespace: 'string', interfaces: [{ name: 'string' }] },
    },
    custom,
  ),
  servicebgpstatuses: kindOf(
    'ServiceBGPStatus',
    'servicebgpstatuses',
    'metallb.io',
    { metadata, status: { node: 'string', serviceName: 'string', serviceNamespace: 'string', peers: ['string'] } },
    custom,
  ),
  configurationstates: kindOf(
    'ConfigurationState',
    'configurationstates',
    'metallb.io',
    { metadata, status: 'json' },
    custom,
  ),
  bgpsessionstates: kindOf(
    'BGPSessionState',
    'bgpsessionstates',
    'frrk8s.metallb.io',
    {
      metadata,
      status: { bgpStatus: 'string', bfdStatus: 'string', node: 'string', peer: 'string', vrf: 'string' },
    },
    custom,
  ),
  frrnodestates: kindOf(
    'FRRNodeState',
    'frrnodestates',
    'frrk8s.metallb.io',
    { metadata, status: { lastConversionResult: 'string', lastReloadResult: 'string' } },
    { custom: true, namespaced: false },
  ),
  calicobgppeers: kindOf(
    'BGPPeer',
    'bgppeers',
    'crd.projectcalico.org',
    { metadata, spec: { peerIP: 'string', node: 'string', nodeSelector: 'string' } },
    { custom: true, namespaced: false },
  ),
  // Kube-OVN 1.16 pkg/apis/kubeovn/v1; `parentV4ip` and `status.ready` are of 1.13 and before.
  vips: kindOf(
    'Vip',
    'vips',
    'kubeovn.io',
    {
      metadata,
      spec: {
        namespace: 'string',
        subnet: 'string',
        type: 'string',
        v4ip: 'string',
        v6ip: 'string',
        macAddress: 'string',
        selector: ['string'],
        attachSubnets: ['string'],
      },
      status: {
        type: 'string',
        v4ip: 'string',
        v6ip: 'string',
        mac: 'string',
        ready: 'boolean',
        conditions: [condition],
      },
    },
    customOfCluster,
  ),
  switchlbrules: kindOf(
    'SwitchLBRule',
    'switch-lb-rules',
    'kubeovn.io',
    {
      metadata,
      spec: {
        vip: 'string',
        namespace: 'string',
        selector: ['string'],
        endpoints: ['string'],
        sessionAffinity: 'string',
        ports: [{ name: 'string', port: 'number', targetPort: 'number', protocol: 'string' }],
      },
      status: { ports: 'string', service: 'string' },
    },
    customOfCluster,
  ),
  ovnsubnets: kindOf(
    'Subnet',
    'subnets',
    'kubeovn.io',
    {
      metadata,
      spec: {
        vpc: 'string',
        cidrBlock: 'string',
        gateway: 'string',
        excludeIps: ['string'],
        vlan: 'string',
        enableLb: 'boolean',
        enableExternalLBAddress: 'boolean',
      },
      status: { v4availableIPs: 'number', v6availableIPs: 'number', conditions: [condition] },
    },
    customOfCluster,
  ),
  ovnips: kindOf(
    'IP',
    'ips',
    'kubeovn.io',
    {
      metadata,
      spec: { subnet: 'string', namespace: 'string', podName: 'string', v4IpAddress: 'string', v6IpAddress: 'string' },
    },
    customOfCluster,
  ),
} as const satisfies Record<string, KubernetesKind>

export type KubernetesKindName = keyof typeof kubernetesKinds

/** An object of one kind, as kept. */
export type KubernetesObject<K extends KubernetesKindName> = Shaped<(typeof kubernetesKinds)[K]['shape']>

export type Service = KubernetesObject<'services'>
export type ServicePort = NonNullable<NonNullable<NonNullable<Service['spec']>['ports']>[number]>
export type Node = KubernetesObject<'nodes'>
export type Pod = KubernetesObject<'pods'>
export type EndpointSlice = KubernetesObject<'endpointslices'>
export type Lease = KubernetesObject<'leases'>
export type IPAddressPool = KubernetesObject<'ipaddresspools'>
export type L2Advertisement = KubernetesObject<'l2advertisements'>
export type BGPAdvertisement = KubernetesObject<'bgpadvertisements'>
export type BGPPeer = KubernetesObject<'bgppeers'>
export type OvnVip = KubernetesObject<'vips'>
export type SwitchLBRule = KubernetesObject<'switchlbrules'>
export type OvnSubnet = KubernetesObject<'ovnsubnets'>
export type LabelSelector = Shaped<typeof labelSelector>

/** The file of a kind in a bundle: named as `kubectl get <plural>.<group>` names the resource. */
export function kubernetesFile(name: KubernetesKindName): string {
  const { plural, group } = kubernetesKinds[name]
  return `kubernetes/${plural}${group === '' ? '' : `.${group}`}.json`
}

/** `namespace/name`, or the name alone outside namespaces. */
export function objectName(object: {
  readonly metadata?: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined
}): string {
  const { name = '', namespace } = object.metadata ?? {}
  return namespace === undefined ? name : `${namespace}/${name}`
}
