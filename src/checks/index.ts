import nodeport from './admission/nodeport.ts'
import servicePort from './admission/service-port.ts'
import l2Advertisement from './announcement/l2-advertisement.ts'
import vipAssigned from './assignment/vip-assigned.ts'
import type { Check } from './check.ts'
import { hops } from './hop.ts'
import controller from './control/controller.ts'
import speaker from './control/speaker.ts'
import noSubnet from './delivery/no-subnet.ts'
import overlayNoRoute from './delivery/overlay-no-route.ts'
import ownerNotAnnouncer from './delivery/owner-not-announcer.ts'
import reservedAddress from './delivery/reserved-address.ts'
import sourceDestCheck from './delivery/source-dest-check.ts'
import vipAlignedWithSubnet from './delivery/vip-aligned-with-subnet.ts'
import vipNotOwned from './delivery/vip-not-owned.ts'
import podNetwork from './endpoint/pod-network.ts'
import vipBound from './endpoint/vip-bound.ts'
import endpointReady from './endpoint/ready.ts'
import cniReady from './forwarding/cni-ready.ts'
import kubeProxyRunning from './translation/kube-proxy-running.ts'

const all: readonly Check[] = [
  noSubnet,
  vipAssigned,
  l2Advertisement,
  vipAlignedWithSubnet,
  reservedAddress,
  vipNotOwned,
  overlayNoRoute,
  sourceDestCheck,
  ownerNotAnnouncer,
  servicePort,
  nodeport,
  kubeProxyRunning,
  cniReady,
  endpointReady,
  vipBound,
  podNetwork,
  speaker,
  controller,
]

/** Every check, hop by hop; inside a hop in the order in which the packet meets what they judge. A check exists by standing here. */
export const checks: readonly Check[] = all.toSorted((one, other) => place(one) - place(other))

function place({ id }: Check): number {
  return hops.findIndex((hop) => id.startsWith(`${hop}/`))
}
