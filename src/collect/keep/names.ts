// What of a cluster and its nodes is kept by name: the names that checks read, and no others. What is not named here is masked or left out,
// whether it looks like a secret or not.

/** Flags of kube-vip, MetalLB, kube-proxy, kube-router, Kube-OVN and k3s whose values decide something. */
export const readFlags: ReadonlySet<string> = new Set([
  // src/lb/kube-vip/settings.ts
  ...['arp', 'bgp', 'table', 'wireguard', 'controlplane', 'services', 'address', 'vip', 'port', 'interface'],
  ...['serviceInterface', 'leaderElection', 'servicesElection', 'leaseName', 'servicesLeaseName', 'lbClassName'],
  ...['lbClassOnly', 'lbClassNameLegacyHandling', 'enableLoadBalancer', 'disableServiceUpdates'],
  // src/lb/metallb
  ...['lb-class', 'ignore-exclude-lb', 'webhook-mode'],
  // src/node/proxy-settings.ts, service-proxy.ts, replacements.ts; --config is MetalLB's ConfigMap, too
  ...['config', 'proxy-mode', 'detect-local-mode', 'cluster-cidr', 'hostname-override', 'healthz-bind-address'],
  ...['disable-kube-proxy', 'run-service-proxy', 'advertise-loadbalancer-ip', 'enable-lb'],
])

/** Words that are no flag and say what a program does: its subcommand, or the program that another one starts. */
export const readWords: ReadonlySet<string> = new Set([
  ...['manager', 'service', 'server', 'agent', 'proxy', 'start', 'run'],
  ...['kube-proxy', 'kubelet', 'kubelite', 'kube-router', 'cilium-agent', 'antrea-agent', 'ovnkube', 'keepalived'],
])

/** Environment variables: kube-vip's settings, MetalLB's memberlist and BGP. */
export const readVariables: ReadonlySet<string> = new Set([
  ...[
    'vip_arp',
    'bgp_enable',
    'vip_routingtable',
    'vip_wireguard',
    'cp_enable',
    'svc_enable',
    'address',
    'vip_address',
  ],
  ...['port', 'vip_interface', 'vip_servicesinterface', 'vip_leaderelection', 'svc_election', 'vip_leasename'],
  ...['svc_leasename', 'svc_namespace', 'lb_class_name', 'lb_class_only', 'lb_class_legacy_handling'],
  ...['vip_preserve_on_leadership_loss', 'lb_enable', 'per_service_election_on_demand', 'disable_service_updates'],
  ...['bgp_peeraddress', 'vip_routingtableid'],
  // src/journey/api-server-pods.ts: what a proxy is not asked for
  ...['NO_PROXY', 'no_proxy'],
  // src/node/encapsulation.ts
  ...['CALICO_IPV4POOL_CIDR', 'CALICO_IPV4POOL_IPIP', 'CALICO_IPV4POOL_VXLAN'],
  ...['CALICO_IPV6POOL_CIDR', 'CALICO_IPV6POOL_VXLAN', 'FELIX_VXLANPORT'],
  ...['METALLB_BGP_TYPE', 'METALLB_ML_BIND_ADDR', 'METALLB_ML_BIND_PORT', 'METALLB_ML_SECRET_NAME'],
])

/** Annotations, by the prefix of a program whose own ones hold addresses, names of pools, interfaces and nodes, or by their whole name. */
export const isReadAnnotation = (name: string): boolean =>
  /^(?:metallb\.io|metallb\.universe\.tf|kube-vip\.io|ovn\.kubernetes\.io)\/[\w.-]+$/.test(name) ||
  otherAnnotations.has(name)

const otherAnnotations: ReadonlySet<string> = new Set([
  ...['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips', 'projectcalico.org/loadBalancerIPs'],
  // src/node/knock.ts: where tunnels end on a node
  ...['flannel.alpha.coreos.com/public-ip', 'projectcalico.org/IPv4Address'],
  'flannel.alpha.coreos.com/backend-type',
])

/** Reasons of events whose messages are read. */
export const readEvents: ReadonlySet<string> = new Set([
  ...[
    'AllocationFailed',
    'LoadBalancerFailed',
    'AdditionalAssignFailed',
    'ClearAssignment',
    'IPAllocated',
    'nodeAssigned',
  ],
  ...['FailedMount', 'FailedCreate', 'FailedCreatePodSandBox', 'NetworkNotReady', 'InternalError'],
])

/** Keys of a kube-proxy configuration at its top level. */
export const readProxyKeys: ReadonlySet<string> = new Set([
  ...['apiVersion', 'kind', 'mode', 'bindAddress', 'clusterCIDR', 'detectLocalMode', 'detectLocal', 'hostnameOverride'],
  ...['healthzBindAddress', 'metricsBindAddress', 'nodePortAddresses', 'iptables', 'ipvs', 'nftables', 'conntrack'],
])

/** Members of a CNI configuration, at any depth. */
export const readCniKeys: ReadonlySet<string> = new Set([
  ...[
    'cniVersion',
    'name',
    'type',
    'plugins',
    'delegate',
    'delegates',
    'ipam',
    'subnet',
    'ranges',
    'routes',
    'dst',
    'gw',
  ],
  ...[
    'bridge',
    'isGateway',
    'isDefaultGateway',
    'ipMasq',
    'hairpinMode',
    'promiscMode',
    'mtu',
    'master',
    'mode',
    'vlan',
  ],
  ...['capabilities', 'portMappings', 'snat', 'rangeStart', 'rangeEnd', 'gateway', 'disableCheck', 'prevResult'],
])
