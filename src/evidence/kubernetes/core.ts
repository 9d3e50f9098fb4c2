import { type KubernetesKind, metadata, labelSelector, condition, kindOf, cluster } from './kind.ts'
import { mapOf } from '../shape.ts'

// Source: k8s.io/api v1.34 types.

const container = {
  name: 'string',
  image: 'string',
  command: ['string'],
  args: ['string'],
  env: [
    {
      name: 'string',
      value: 'string',
      valueFrom: {
        fieldRef: { fieldPath: 'string' },
        secretKeyRef: { name: 'string', key: 'string' },
        configMapKeyRef: { name: 'string', key: 'string' },
      },
    },
  ],
  ports: [{ name: 'string', containerPort: 'number', hostPort: 'number', hostIP: 'string', protocol: 'string' }],
  readinessProbe: {
    httpGet: { port: 'scalar', scheme: 'string' },
    tcpSocket: { port: 'scalar' },
    grpc: { port: 'port' },
    exec: {},
  },
  securityContext: { privileged: 'boolean', runAsUser: 'number', capabilities: { add: ['string'], drop: ['string'] } },
} as const

const containerState = {
  running: { startedAt: 'string' },
  waiting: { reason: 'string', message: 'string' },
  terminated: { reason: 'string', message: 'string', exitCode: 'number', finishedAt: 'string' },
} as const

const podSpec = {
  nodeName: 'string',
  hostNetwork: 'boolean',
  runtimeClassName: 'string',
  serviceAccountName: 'string',
  nodeSelector: mapOf('string'),
  tolerations: [{ key: 'string', operator: 'string', value: 'string', effect: 'string' }],
  containers: [container],
  initContainers: [container],
  volumes: [
    {
      name: 'string',
      hostPath: { path: 'string' },
      secret: { secretName: 'string', optional: 'boolean' },
      configMap: { name: 'string', optional: 'boolean' },
    },
  ],
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

const networkPolicyPeer = {
  podSelector: labelSelector,
  namespaceSelector: labelSelector,
  ipBlock: { cidr: 'string', except: ['string'] },
} as const
const networkPolicyPort = { protocol: 'string', port: 'scalar', endPort: 'number' } as const

/** The object behind an endpoint. */
const targetRef = { kind: 'string', name: 'string', namespace: 'string', uid: 'string' } as const

/** EndpointAddress of core/v1. */
const endpointAddress = { ip: 'string', hostname: 'string', nodeName: 'string', targetRef } as const

/** The kinds that every cluster has. */
export const coreKinds = {
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
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 'number' } },
      selector: mapOf('string'),
      ports: [
        {
          name: 'string',
          port: 'port',
          nodePort: 'port',
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
            ports: [{ port: 'port', protocol: 'string', error: 'string' }],
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
        targetRef,
      },
    ],
    ports: [{ name: 'string', port: 'port', protocol: 'string' }],
  }),
  // Read only where there are no slices: what made these lists until Kubernetes 1.33 deprecated them.
  endpoints: kindOf('Endpoints', 'endpoints', '', {
    metadata,
    subsets: [
      {
        addresses: [endpointAddress],
        notReadyAddresses: [endpointAddress],
        ports: [{ name: 'string', port: 'port', protocol: 'string' }],
      },
    ],
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
            service: { name: 'string', namespace: 'string', path: 'string', port: 'port' },
          },
        },
      ],
    },
    cluster,
  ),
} as const satisfies Record<string, KubernetesKind>
