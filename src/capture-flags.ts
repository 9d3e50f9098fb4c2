import { Flags } from '@oclif/core'

/** The flags of `capture arp` and `capture ndp`. */
export const captureFlags = {
  vip: Flags.string({ required: true, helpValue: 'ADDRESS', description: 'the VIP to watch' }),
  read: Flags.string({
    helpValue: 'FILE',
    description: 'read this capture (pcap or pcapng, also gzipped; - is standard input) instead of listening',
  }),
  interface: Flags.string({
    char: 'i',
    helpValue: 'NAME',
    description: 'where to listen; else the interface with the route to the VIP',
  }),
  duration: Flags.integer({
    helpValue: 'SECONDS',
    min: 1,
    default: 10,
    description: 'how long to listen; MetalLB and kube-vip can be told apart after 7',
  }),
  count: Flags.integer({ helpValue: 'N', min: 1, description: 'stop after so many frames about the VIP' }),
  until: Flags.option({
    options: ['announced', 'conflict'] as const,
    description: 'stop as soon as the VIP is claimed, or claimed by several',
  })(),
  write: Flags.string({
    helpValue: 'FILE',
    description: 'also write the ARP and ICMPv6 frames to this new pcapng file',
  }),
  promiscuous: Flags.boolean({
    description: 'take frames for other hosts too; off, because it can hide the very fault',
  }),
  bundle: Flags.string({
    helpValue: 'PATH',
    description: 'evidence in which MACs are nodes and interfaces: a bundle of the same cluster',
  }),
  fabric: Flags.option({
    options: ['auto', 'ec2', 'lan'] as const,
    default: 'auto' as const,
    description: 'what carries frames between hosts; without it and without a bundle both readings are given',
  })(),
  'seen-from': Flags.string({
    helpValue: 'WHERE',
    description: 'where the frames were captured: node/NAME, or client (another host)',
  }),
  'vpc-id': Flags.string({
    helpValue: 'VPC',
    description: 'the VPC of the nodes, where their addresses fit more than one',
  }),
  output: Flags.option({
    options: ['text', 'json'] as const,
    default: 'text' as const,
    char: 'o',
    description: 'format of the report; json is one object a line, the conclusion last',
  })(),
  'no-color': Flags.boolean({ description: 'no colour, also on a terminal (NO_COLOR does the same)' }),
}

/** What the flags say. */
export interface CaptureFlags {
  readonly vip: string
  readonly read: string | undefined
  readonly interface: string | undefined
  readonly duration: number
  readonly count: number | undefined
  readonly until: 'announced' | 'conflict' | undefined
  readonly write: string | undefined
  readonly promiscuous: boolean
  readonly bundle: string | undefined
  readonly fabric: 'auto' | 'ec2' | 'lan'
  readonly 'seen-from': string | undefined
  readonly 'vpc-id': string | undefined
  readonly output: 'text' | 'json'
  readonly 'no-color': boolean
}
