/** Where a manual begins, and its pages by their titles; a title behind a colon is a heading of that page. */
interface Manual {
  readonly home: string
  readonly pages?: Readonly<Record<string, string>>
}

/** The manuals that checks cite, by the name under which they do. A page that is not listed here is looked for from the manual's beginning. */
export const manuals: Readonly<Record<string, Manual>> = {
  'Amazon EC2 API reference, Route': { home: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html' },
  'Amazon EC2 User Guide': {
    home: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/',
    pages: {
      'Elastic IP addresses': 'elastic-ip-addresses-eip.html',
      'Elastic network interfaces': 'using-eni.html',
      'IP addresses per network interface per instance type': 'AvailableIpPerENI.html',
      'Multiple IP addresses': 'instance-secondary-ip-addresses.html',
      'Network maximum transmission unit (MTU) for your EC2 instance': 'network_mtu.html',
      'Prefix delegation': 'ec2-prefix-eni.html',
      'Requester-managed network interfaces': 'requester-managed-eni.html',
      'Security group connection tracking': 'security-group-connection-tracking.html',
    },
  },
  'Amazon VPC User Guide': {
    home: 'https://docs.aws.amazon.com/vpc/latest/userguide/',
    pages: {
      'Amazon VPC quotas': 'amazon-vpc-limits.html',
      'Control subnet traffic with network access control lists': 'vpc-network-acls.html',
      'Dynamic routing in your VPC with Amazon VPC Route Server': 'dynamic-routing-route-server.html',
      'Ephemeral ports': 'vpc-network-acls.html',
      'Route priority': 'route-tables-priority.html',
      'Route tables': 'VPC_Route_Tables.html',
      'Security group rules': 'security-group-rules.html',
      'Security groups': 'vpc-security-groups.html',
      'Subnet CIDR blocks': 'subnet-sizing.html',
      'Subnet CIDR reservations': 'subnet-cidr-reservation.html',
      'Subnet route tables': 'subnet-route-tables.html',
      'VPC and subnet basics': 'configure-subnets.html',
    },
  },
  'Antrea documentation': { home: 'https://antrea.io/docs/' },
  'AWS Load Balancer Controller guide': {
    home: 'https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/',
  },
  'AWS Overview of Security Processes': {
    home: 'https://docs.aws.amazon.com/whitepapers/latest/introduction-aws-security/welcome.html',
  },
  'AWS SAP guide': {
    home: 'https://docs.aws.amazon.com/sap/latest/sap-hana/sap-oip-sap-on-aws-high-availability-setup.html',
  },
  'Calico documentation': {
    home: 'https://docs.tigera.io/calico/latest/',
    pages: {
      'Calico on AWS': 'reference/public-cloud/aws',
      'Configure MTU to maximize network performance': 'networking/configuring/mtu',
      'Enable the eBPF data plane': 'operations/ebpf/enabling-ebpf',
      'System requirements': 'getting-started/kubernetes/requirements',
    },
  },
  'Cilium documentation': {
    home: 'https://docs.cilium.io/en/stable/',
    pages: {
      'Kubernetes Without kube-proxy': 'network/kubernetes/kubeproxy-free/',
      'L2 Announcements': 'network/l2-announcements/',
      'Layer 3 Policies': 'security/policy/layer3/',
      'LoadBalancer IP Address Management': 'network/lb-ipam/',
      'System Requirements': 'operations/system_requirements/',
    },
  },
  'ClusterLabs resource-agents, heartbeat/aws-vpc-move-ip': {
    home: 'https://github.com/ClusterLabs/resource-agents/blob/main/heartbeat/aws-vpc-move-ip',
  },
  'CNI specification 1.1.0': { home: 'https://github.com/containernetworking/cni/blob/spec-v1.1.0/SPEC.md' },
  'containerd documentation': { home: 'https://github.com/containerd/containerd/blob/main/docs/cri/config.md' },
  'Docker documentation': {
    home: 'https://docs.docker.com/engine/network/',
    pages: { 'Bridge network driver': 'drivers/bridge/' },
  },
  'Elastic Load Balancing': {
    home: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/network/',
    pages: {
      'Edit target group attributes': 'edit-target-group-attributes.html',
      'Target groups for your Network Load Balancers': 'load-balancer-target-groups.html',
    },
  },
  'flannel documentation': {
    home: 'https://github.com/flannel-io/flannel/blob/master/Documentation/',
    pages: { Backends: 'backends.md', Troubleshooting: 'troubleshooting.md' },
  },
  'flannel, Documentation/aws-vpc-backend.md': {
    home: 'https://github.com/flannel-io/flannel/blob/master/Documentation/aws-vpc-backend.md',
  },
  'Google Cloud documentation': { home: 'https://cloud.google.com/vpc/docs/alias-ip' },
  'Talos documentation': { home: 'https://www.talos.dev/' },
  'kubernetes/kubeadm docs/ha-considerations.md': {
    home: 'https://github.com/kubernetes/kubeadm/blob/main/docs/ha-considerations.md',
  },
  'k3s documentation': {
    home: 'https://docs.k3s.io/',
    pages: { 'Networking Services': 'networking/networking-services' },
  },
  'k8s.io/api networking/v1': { home: 'https://pkg.go.dev/k8s.io/api/networking/v1' },
  'Kube-OVN documentation': {
    home: 'https://kubeovn.github.io/docs/stable/en/',
    pages: {
      'Integrate MetalLB with Kube-OVN Underlay': 'advance/with-metallb/',
      'Underlay Installation': 'start/underlay/',
      'VIP Reservation': 'guide/vip/',
      'VPC Internal Load Balancing': 'vpc/vpc-internal-lb/',
    },
  },
  'kube-router documentation': { home: 'https://www.kube-router.io/docs/' },
  'kube-vip documentation': { home: 'https://kube-vip.io/docs/', pages: { ARP: 'modes/arp/' } },
  'Kubernetes documentation': {
    home: 'https://kubernetes.io/docs/',
    pages: {
      'Cluster Networking': 'concepts/cluster-administration/networking/',
      'Container Runtimes': 'setup/production-environment/container-runtimes/',
      'Create an External Load Balancer': 'tasks/access-application-cluster/create-external-load-balancer/',
      'Debug Services': 'tasks/debug/debug-application/debug-service/',
      'Dynamic Admission Control': 'reference/access-authn-authz/extensible-admission-controllers/',
      EndpointSlices: 'concepts/services-networking/endpoint-slices/',
      'IPv4/IPv6 dual-stack': 'concepts/services-networking/dual-stack/',
      'kube-proxy Configuration (v1alpha1)': 'reference/config-api/kube-proxy-config.v1alpha1/',
      'Network Plugins': 'concepts/extend-kubernetes/compute-storage-net/network-plugins/',
      'Network Policies': 'concepts/services-networking/network-policies/',
      'Pod Lifecycle': 'concepts/workloads/pods/pod-lifecycle/',
      'Pod Security Standards': 'concepts/security/pod-security-standards/',
      'Ports and Protocols': 'reference/networking/ports-and-protocols/',
      'Preserving the client source IP':
        'tasks/access-application-cluster/create-external-load-balancer/#preserving-the-client-source-ip',
      Service: 'concepts/services-networking/service/',
      'Service Internal Traffic Policy': 'concepts/services-networking/service-traffic-policy/',
      'Using Source IP': 'tutorials/services/source-ip/',
      'Virtual IPs and Service Proxies': 'reference/networking/virtual-ips/',
    },
  },
  'Kubernetes the Hard Way': {
    home: 'https://github.com/kelseyhightower/kubernetes-the-hard-way/blob/master/docs/',
    pages: {
      'Bootstrapping the Kubernetes Worker Nodes': '09-bootstrapping-kubernetes-workers.md',
      'Provisioning Pod Network Routes': '11-pod-network-routes.md',
    },
  },
  'kubernetes-sigs/iptables-wrappers README': { home: 'https://github.com/kubernetes-sigs/iptables-wrappers' },
  'MetalLB documentation': {
    home: 'https://metallb.io/',
    pages: {
      'Advanced AddressPool configuration': 'configuration/_advanced_ipaddresspool_configuration/',
      'Advanced BGP configuration': 'configuration/_advanced_bgp_configuration/',
      'Cloud compatibility': 'installation/clouds/',
      Concepts: 'concepts/',
      Configuration: 'configuration/',
      Installation: 'installation/',
      'Issues with Calico': 'configuration/calico/',
      'Issues with K3s': 'configuration/k3s/',
      'Layer 2 mode': 'concepts/layer2/',
      Preparation: 'installation/',
      Troubleshooting: 'troubleshooting/',
      Usage: 'usage/',
    },
  },
  'MetalLB release notes': { home: 'https://metallb.io/release-notes/' },
  'Microsoft Azure documentation': {
    home: 'https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq',
  },
  'OpenStack Neutron documentation': { home: 'https://docs.openstack.org/neutron/latest/' },
  'Reachability Analyzer explanation codes': {
    home: 'https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html',
  },
  'RKE2 documentation': {
    home: 'https://docs.rke2.io/',
    pages: { 'Known Issues and Limitations': 'known_issues' },
  },
  'VMware documentation': { home: 'https://techdocs.broadcom.com/us/en/vmware-cis/vsphere.html' },
  'Weave Net documentation': { home: 'https://github.com/weaveworks/weave/blob/master/site/' },
  'WireGuard, "Known Limitations"': { home: 'https://www.wireguard.com/known-limitations/' },
}
