// What vipdoctor can say and the laboratory cannot bring about, each with the reason. Every other finding is a fault of the matrix.

const bgp = 'needs a router that speaks BGP; the recordings have one'
const ovn = 'needs Kube-OVN, whose kernel modules and images the laboratory has not'
const ipvs =
  'needs the kernel’s IPVS, which most kernels without modules lack; recordings from a virtual machine have it'
const twoCards = 'needs a second card in a node; the laboratory’s machines have one'
const tunnel = 'needs a CNI with tunnels; the bridge plugin has none'

/** The reason, by the id of the finding. */
export const beyond: Readonly<Record<string, string>> = {
  'admission/nlb-nodeport': 'needs the interfaces that EC2 gives a Network Load Balancer; moto gives it none',
  'announcement/bgp-session': bgp,
  'announcement/kube-ovn-port': ovn,
  'announcement/kube-vip-routes': 'needs a router that takes kube-vip’s routing table',
  'announcement/not-held': 'needs keepalived or Pacemaker, which the laboratory does not run',
  'announcement/other-announcer': 'needs another controller of load balancers',
  'announcement/several-announcers': 'lasts for a moment only: each speaker deletes the statuses of the others',
  'assignment/ip-families': 'needs a cluster of two IP families',
  'assignment/kube-ovn-vip': ovn,
  'assignment/kube-vip-pool': 'needs kube-vip-cloud-provider',
  'assignment/one-system': 'needs keepalived or a second MetalLB',
  'assignment/other-controller': 'needs another controller of load balancers',
  'assignment/two-allocators': 'needs kube-vip-cloud-provider',
  'control/bgp-ports': bgp,
  'control/cni-ports': 'needs a CNI with an agent on each node; the bridge plugin has none',
  'control/health-check-node-port': 'needs a kube-proxy that runs and does not listen at the port',
  'control/memberlist': 'needs a speaker that goes on without its port; the real one starts only with it',
  'delivery/address-in-use': 'needs a second host in the nodes’ subnet; the only one is where vipdoctor runs',
  'delivery/cloud-without-arp': 'needs another cloud',
  'delivery/kube-ovn-external-lb': ovn,
  'delivery/kube-ovn-path': ovn,
  'delivery/no-public-address': 'needs the internet, from which the laboratory is cut off',
  'delivery/owner-device-down': twoCards,
  'delivery/path-cannot-carry-vip': 'needs a peering or a transit gateway that drops as EC2’s does',
  'delivery/pool-not-reserved': 'is advice and never a warning',
  'delivery/public-vip-is-translated': 'needs an internet gateway',
  'delivery/route-inside-vpc': 'needs a route that EC2 refuses to make, and moto takes',
  'delivery/static-shadows-propagated': 'needs a route server; moto has none',
  'endpoint/host-to-pod':
    'needs a kubelet that probes from the node’s own address; the played one asks from the bridge',
  'endpoint/kube-ovn-backends': ovn,
  'forwarding/cni-ports': tunnel,
  'forwarding/route-quota': 'is advice; a cause only where a cloud’s route controller says so',
  'return/asymmetric-route': twoCards,
  'return/conntrack-full': 'the limit of the connection table is the machine’s, not a namespace’s',
  'return/rp-filter': twoCards,
  'return/source-dest-check': twoCards,
  'translation/ipvs-input-drop': ipvs,
  'translation/ipvs-no-destination': ipvs,
  'translation/kube-ovn-load-balancer': ovn,
  'translation/strict-arp': ipvs,
  'translation/sync-stale': 'needs a kernel that refuses kube-proxy’s rules',
  'wire/announcer-without-eni': 'MetalLB speaks unasked for five seconds only after it took a VIP',
  'wire/bgp-session': bgp,
  'wire/not-announced': 'needs a kube-vip that leads and is silent; it speaks every three seconds',
}
