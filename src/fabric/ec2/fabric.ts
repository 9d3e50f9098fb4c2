import { isGap } from '../../evidence/gap.ts'
import type { Fabric } from '../fabric.ts'
import { vpcDelivery } from './delivery.ts'

/** Amazon EC2: an address is delivered because the API gave it to an interface, or because a route names one. */
export const ec2: Fabric = {
  name: 'ec2',
  delivery: 'ownership',
  recognise: ({ spec, status }) =>
    spec?.providerID?.startsWith('aws://') === true
      ? 'named'
      : isEc2Uuid(status?.nodeInfo?.systemUUID ?? '')
        ? 'looks'
        : null,
  deliver: (evidence, question) => {
    const delivery = vpcDelivery(evidence, question)
    return isGap(delivery) || delivery.by === 'nobody' || delivery.node === null
      ? null
      : { by: delivery.by, node: delivery.node }
  },
  words: {
    name: 'EC2',
    elsewhere: 'EC2 delivers by ownership and by routes, and answers ARP itself: no packet hangs on an announcement.',
    announcing: 'EC2 delivers by ownership, so this stops no packet.',
    choosing:
      'On EC2 an L2Advertisement delivers nothing: an interface must hold a VIP. Choose free addresses of the nodes’ subnet and give each to the interface of a node, or put a Network Load Balancer before the NodePorts.',
  },
}

/**
 * Whether a system UUID is an EC2 instance's: it begins with `ec2`, or does so when the bytes of its first group are read in reverse,
 * as SMBIOS before 2.6 writes them (EC2 User Guide, "Identify EC2 instances").
 */
export function isEc2Uuid(uuid: string): boolean {
  const first = uuid.toLowerCase().split('-')[0] ?? ''
  const reversed = (first.match(/../g) ?? []).reverse().join('')
  return first.length === 8 && (first.startsWith('ec2') || reversed.startsWith('ec2'))
}
