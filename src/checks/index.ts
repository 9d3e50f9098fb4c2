import type { Check } from './check.ts'
import nodeport from './admission/nodeport.ts'
import servicePort from './admission/service-port.ts'
import overlayNoRoute from './delivery/overlay-no-route.ts'
import ownerNotAnnouncer from './delivery/owner-not-announcer.ts'
import reservedAddress from './delivery/reserved-address.ts'
import sourceDestCheck from './delivery/source-dest-check.ts'
import vipAlignedWithSubnet from './delivery/vip-aligned-with-subnet.ts'
import vipNotOwned from './delivery/vip-not-owned.ts'

/** Every check, hop by hop, in the order in which a packet meets what they are about. A check exists by standing here. */
export const checks: readonly Check[] = [
  vipAlignedWithSubnet,
  reservedAddress,
  vipNotOwned,
  overlayNoRoute,
  sourceDestCheck,
  ownerNotAnnouncer,
  servicePort,
  nodeport,
]
