import { providerOf } from '../provider.ts'
import type { Fabric } from '../fabric.ts'

/** A segment on which hosts find each other by ARP and NDP, and beyond which routers do by BGP: whoever announces an address gets its packets. */
export const lan: Fabric = {
  name: 'lan',
  delivery: 'announcement',
  // The machines of a cloud have an id of their provider; of those without one only EC2's are known by their UUID.
  recognise: (node) => (providerOf(node) === null && (node.status?.nodeInfo?.systemUUID ?? '') !== '' ? 'looks' : null),
  deliver: () => null,
  words: {
    name: 'a LAN',
    elsewhere:
      'On a LAN whoever answers for an address gets its packets: nobody owns it, and no route table, security group or network ACL of EC2 is asked.',
    announcing: 'Clients keep the answer that came last, and their connections break when it changes.',
    choosing: 'Choose addresses of the nodes’ subnet that nothing else has.',
  },
}
