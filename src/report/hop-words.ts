import type { Hop } from '../checks/hop.ts'

/** What a hop is, for somebody who meets the word for the first time: in brackets behind its name, and as a sentence. */
export const hopWords: Readonly<Record<Hop, { readonly short: string; readonly means: string }>> = {
  assignment: {
    short: 'the VIP exists',
    means: 'The Service has an address: a pool has one for it, and somebody gives it.',
  },
  announcement: {
    short: 'who claims the VIP',
    means: 'A node says that the VIP is its own, by ARP, NDP or BGP: MetalLB’s speaker, kube-vip, or another.',
  },
  delivery: {
    short: 'who gets the packet',
    means:
      'The network hands the packet to a network interface. On EC2 an interface must hold the address, or a route must lead to it; on a LAN whoever answers for it gets the packet.',
  },
  admission: {
    short: 'security groups',
    means: 'Security groups and network ACLs let the packet in, and the answer out.',
  },
  translation: {
    short: 'kube-proxy',
    means: 'The kernel of the node that received the packet rewrites the VIP to the address of a pod.',
  },
  forwarding: {
    short: 'the way to the pod',
    means: 'The node hands the packet on, over the pod network or to another node.',
  },
  endpoint: { short: 'the pod', means: 'A ready pod listens there.' },
  return: {
    short: 'the answer',
    means: 'The answer finds its way back to the client, past the node that translated the packet.',
  },
  control: {
    short: 'what the way depends on',
    means: 'What no packet meets and all of it hangs on: MetalLB’s webhook and memberlist, leases, the kubelet’s port.',
  },
  wire: {
    short: 'what a capture saw',
    means: 'What the frames in a capture show: who claims the VIP, and who answers.',
  },
}
