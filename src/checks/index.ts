import clientEgress from './admission/client-egress.ts'
import naclIn from './admission/nacl-in.ts'
import naclReturn from './admission/nacl-return.ts'
import nlbNodeport from './admission/nlb-nodeport.ts'
import nodeport from './admission/nodeport.ts'
import servicePort from './admission/service-port.ts'
import announcerDiffers from './announcement/announcer-differs.ts'
import bgpAdvertisement from './announcement/bgp-advertisement.ts'
import bgpSession from './announcement/bgp-session.ts'
import kubeOvnPort from './announcement/kube-ovn-port.ts'
import kubeVipInterface from './announcement/kube-vip-interface.ts'
import kubeVipLease from './announcement/kube-vip-lease.ts'
import l2Advertisement from './announcement/l2-advertisement.ts'
import noEligibleNode from './announcement/no-eligible-node.ts'
import otherAnnouncer from './announcement/other-announcer.ts'
import announcedBySeveral from './announcement/several-announcers.ts'
import vipBoundTwice from './announcement/vip-bound-twice.ts'
import classMismatch from './assignment/class-mismatch.ts'
import ipFamilies from './assignment/ip-families.ts'
import kubeOvnVip from './assignment/kube-ovn-vip.ts'
import kubeVipPool from './assignment/kube-vip-pool.ts'
import noPool from './assignment/no-pool.ts'
import oneSystem from './assignment/one-system.ts'
import otherController from './assignment/other-controller.ts'
import poolExhausted from './assignment/pool-exhausted.ts'
import poolHygiene from './assignment/pool-hygiene.ts'
import requestRefused from './assignment/request-refused.ts'
import twoAllocators from './assignment/two-allocators.ts'
import vipAssigned from './assignment/vip-assigned.ts'
import type { Check } from './check.ts'
import bgpPorts from './control/bgp-ports.ts'
import cniPorts from './control/cni-ports.ts'
import configStale from './control/config-stale.ts'
import controller from './control/controller.ts'
import healthCheckNodePort from './control/health-check-node-port.ts'
import kubeVip from './control/kube-vip.ts'
import kubeletPort from './control/kubelet-port.ts'
import memberlistPorts from './control/memberlist-ports.ts'
import memberlist from './control/memberlist.ts'
import misplaced from './control/misplaced.ts'
import speaker from './control/speaker.ts'
import webhookPort from './control/webhook-port.ts'
import webhook from './control/webhook.ts'
import addressInUse from './delivery/address-in-use.ts'
import addressSlotsFull from './delivery/address-slots-full.ts'
import interfaceOffSubnet from './delivery/interface-off-subnet.ts'
import kubeOvnExternalLb from './delivery/kube-ovn-external-lb.ts'
import kubeOvnPath from './delivery/kube-ovn-path.ts'
import noPublicAddress from './delivery/no-public-address.ts'
import noSubnet from './delivery/no-subnet.ts'
import overlayNoRoute from './delivery/overlay-no-route.ts'
import ownerDetached from './delivery/owner-detached.ts'
import ownerForeign from './delivery/owner-foreign.ts'
import ownerNotAnnouncer from './delivery/owner-not-announcer.ts'
import pathCannotCarryVip from './delivery/path-cannot-carry-vip.ts'
import poolCollides from './delivery/pool-collides.ts'
import poolNotReserved from './delivery/pool-not-reserved.ts'
import poolSpansSubnets from './delivery/pool-spans-subnets.ts'
import reservedAddress from './delivery/reserved-address.ts'
import routeBlackhole from './delivery/route-blackhole.ts'
import routeInsideVpc from './delivery/route-inside-vpc.ts'
import sourceDestCheck from './delivery/source-dest-check.ts'
import staleNeighbour from './delivery/stale-neighbour.ts'
import staticShadowsPropagated from './delivery/static-shadows-propagated.ts'
import vipAlignedWithSubnet from './delivery/vip-aligned-with-subnet.ts'
import vipNotOwned from './delivery/vip-not-owned.ts'
import kubeOvnBackends from './endpoint/kube-ovn-backends.ts'
import endpointNetworkPolicy from './endpoint/network-policy.ts'
import podNetwork from './endpoint/pod-network.ts'
import podNotListening from './endpoint/pod-not-listening.ts'
import endpointReady from './endpoint/ready.ts'
import vipBound from './endpoint/vip-bound.ts'
import bridgeNfCall from './forwarding/bridge-nf-call.ts'
import cidrOverlap from './forwarding/cidr-overlap.ts'
import cniConfig from './forwarding/cni-config.ts'
import cniReady from './forwarding/cni-ready.ts'
import forwardDrop from './forwarding/forward-drop.ts'
import ipForwardOff from './forwarding/ip-forward-off.ts'
import nodeToNode from './forwarding/node-to-node.ts'
import podNeighbourFailed from './forwarding/pod-neighbour-failed.ts'
import podNextHop from './forwarding/pod-next-hop.ts'
import podRouteMissing from './forwarding/pod-route-missing.ts'
import podRoute from './forwarding/pod-route.ts'
import podSourceDestCheck from './forwarding/pod-source-dest-check.ts'
import routeQuota from './forwarding/route-quota.ts'
import { hops } from './hop.ts'
import conntrackFull from './return/conntrack-full.ts'
import masqueradeMissing from './return/masquerade-missing.ts'
import rpFilter from './return/rp-filter.ts'
import vpcRoute from './return/vpc-route.ts'
import backendMix from './translation/backend-mix.ts'
import clusterCidr from './translation/cluster-cidr.ts'
import dnatPresent from './translation/dnat-present.ts'
import dnatStaleEndpoint from './translation/dnat-stale-endpoint.ts'
import hostnameOverride from './translation/hostname-override.ts'
import hostportHijack from './translation/hostport-hijack.ts'
import internalTrafficPolicy from './translation/internal-traffic-policy.ts'
import ipvsInputDrop from './translation/ipvs-input-drop.ts'
import ipvsNoDestination from './translation/ipvs-no-destination.ts'
import jumpMissing from './translation/jump-missing.ts'
import kubeOvnLoadBalancer from './translation/kube-ovn-load-balancer.ts'
import kubeProxyRunning from './translation/kube-proxy-running.ts'
import modeDrift from './translation/mode-drift.ts'
import noEndpointsReject from './translation/no-endpoints-reject.ts'
import noLocalEndpoint from './translation/no-local-endpoint.ts'
import notrack from './translation/notrack.ts'
import rulesComplete from './translation/rules-complete.ts'
import sessionAffinity from './translation/session-affinity.ts'
import sourceRanges from './translation/source-ranges.ts'
import strictArp from './translation/strict-arp.ts'
import syncStale from './translation/sync-stale.ts'
import twoProxies from './translation/two-proxies.ts'
import wireAnnouncerNotPredicted from './wire/announcer-not-predicted.ts'
import wireAnnouncerWithoutEni from './wire/announcer-without-eni.ts'
import wireAnsweredByVpc from './wire/answered-by-vpc.ts'
import wireCaptureBlind from './wire/capture-blind.ts'
import wireNotAnnounced from './wire/not-announced.ts'
import wireSeveralAnnouncers from './wire/several-announcers.ts'
import wireUnansweredRequests from './wire/unanswered-requests.ts'

const all: readonly Check[] = [
  kubeOvnVip,
  oneSystem,
  ipFamilies,
  vipAssigned,
  otherController,
  twoAllocators,
  classMismatch,
  kubeVipPool,
  noPool,
  poolExhausted,
  requestRefused,
  poolHygiene,
  l2Advertisement,
  bgpAdvertisement,
  bgpSession,
  kubeOvnPort,
  kubeVipLease,
  kubeVipInterface,
  vipBoundTwice,
  noEligibleNode,
  announcerDiffers,
  announcedBySeveral,
  otherAnnouncer,
  pathCannotCarryVip,
  noSubnet,
  vipAlignedWithSubnet,
  interfaceOffSubnet,
  addressInUse,
  reservedAddress,
  vipNotOwned,
  kubeOvnPath,
  kubeOvnExternalLb,
  ownerForeign,
  ownerDetached,
  overlayNoRoute,
  routeBlackhole,
  sourceDestCheck,
  noPublicAddress,
  ownerNotAnnouncer,
  routeInsideVpc,
  staticShadowsPropagated,
  staleNeighbour,
  poolSpansSubnets,
  poolCollides,
  poolNotReserved,
  addressSlotsFull,
  clientEgress,
  naclIn,
  naclReturn,
  nodeport,
  nlbNodeport,
  servicePort,
  kubeProxyRunning,
  kubeOvnLoadBalancer,
  twoProxies,
  modeDrift,
  syncStale,
  rulesComplete,
  clusterCidr,
  jumpMissing,
  notrack,
  backendMix,
  ipvsInputDrop,
  strictArp,
  sourceRanges,
  hostnameOverride,
  noLocalEndpoint,
  internalTrafficPolicy,
  ipvsNoDestination,
  noEndpointsReject,
  hostportHijack,
  dnatStaleEndpoint,
  sessionAffinity,
  dnatPresent,
  ipForwardOff,
  podNextHop,
  podRouteMissing,
  podNeighbourFailed,
  bridgeNfCall,
  rpFilter,
  conntrackFull,
  masqueradeMissing,
  cniReady,
  cniConfig,
  podRoute,
  nodeToNode,
  podSourceDestCheck,
  routeQuota,
  cidrOverlap,
  forwardDrop,
  vipBound,
  podNetwork,
  kubeOvnBackends,
  endpointNetworkPolicy,
  podNotListening,
  endpointReady,
  vpcRoute,
  misplaced,
  webhook,
  webhookPort,
  memberlistPorts,
  bgpPorts,
  kubeletPort,
  cniPorts,
  healthCheckNodePort,
  speaker,
  memberlist,
  configStale,
  controller,
  kubeVip,
  wireNotAnnounced,
  wireSeveralAnnouncers,
  wireAnnouncerNotPredicted,
  wireAnnouncerWithoutEni,
  wireAnsweredByVpc,
  wireUnansweredRequests,
  wireCaptureBlind,
]

/** Every check, hop by hop; inside a hop in the order in which the packet meets what they judge. A check exists by standing here. */
export const checks: readonly Check[] = all.toSorted((one, other) => place(one) - place(other))

function place({ id }: Check): number {
  return hops.findIndex((hop) => id.startsWith(`${hop}/`))
}
