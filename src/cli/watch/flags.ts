import { Flags } from '@oclif/core'
import { durationFlag } from '../duration.ts'
import { liveFlags } from '../live-flags.ts'
import type { ReachFlags } from '../reach-nodes.ts'

/** The flags of every capture: where frames come from, how long, and how the report looks. */
const frameFlags = {
  read: Flags.string({
    helpValue: 'FILE',
    description: 'read this capture (pcap or pcapng, also gzipped; - is standard input) instead of listening',
  }),
  interface: Flags.string({
    char: 'i',
    helpValue: 'NAME',
    description: 'where to listen; else the interface with the route to the address',
  }),
  source: Flags.option({
    options: ['tcpdump', 'libpcap'] as const,
    description: 'what listens: the system’s tcpdump, or with --promiscuous libpcap by the package cap',
  })(),
  node: Flags.string({
    helpValue: 'NAME',
    description:
      'listen on this node by tcpdump there, through the system’s OpenSSH, or with --nodes pod in a pod; --interface is then one of its own',
  }),
  kubeconfig: liveFlags.kubeconfig,
  context: liveFlags.context,
  as: liveFlags.as,
  'as-group': liveFlags['as-group'],
  nodes: liveFlags.nodes,
  'nodes-at-once': liveFlags['nodes-at-once'],
  timeout: liveFlags.timeout,
  'node-namespace': liveFlags['node-namespace'],
  'node-image': liveFlags['node-image'],
  'ssh-user': Flags.string({ helpValue: 'USER', description: 'user on the node; may need sudo -n' }),
  'ssh-option': Flags.string({ multiple: true, helpValue: 'KEY=VALUE', description: 'as ssh -o; may be repeated' }),
  duration: durationFlag({ default: 10, description: 'how long to listen (10s, 2m)' }),
  count: Flags.integer({ helpValue: 'N', min: 1, description: 'stop after so many lines' }),
  write: Flags.string({
    helpValue: 'FILE',
    description: 'also write the frames that were looked at to this new pcapng file',
  }),
  promiscuous: Flags.boolean({
    description: 'take frames for other hosts too; off, because it can hide the very fault',
  }),
  output: Flags.option({
    options: ['text', 'json'] as const,
    default: 'text' as const,
    char: 'o',
    description: 'format of the report; json is one object a line, the conclusion last',
  })(),
  'no-color': Flags.boolean({ description: 'no colour, also on a terminal (NO_COLOR does the same)' }),
  quiet: Flags.boolean({ char: 'q', description: 'nothing on standard error but what failed' }),
}

/** The flags of `capture arp` and `capture ndp`. */
export const neighbourFlags = {
  vip: Flags.string({ required: true, helpValue: 'ADDRESS', description: 'the VIP to watch' }),
  ...frameFlags,
  until: Flags.option({
    options: ['announced', 'conflict'] as const,
    description: 'stop as soon as the VIP is claimed, or claimed by several',
  })(),
  probe: Flags.boolean({
    description: 'ask for the VIP and for a neighbour that exists; without it nothing is sent',
  }),
  control: Flags.string({
    helpValue: 'ADDRESS',
    description: 'the neighbour that --probe asks for besides; else the gateway',
    dependsOn: ['probe'],
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
  cluster: Flags.boolean({
    helpGroup: 'LIVE',
    description:
      'read the live cluster and its account, so that MACs are nodes; so does a flag that says which, or how nodes are read',
  }),
  region: liveFlags.region,
  profile: liveFlags.profile,
  'node-output': liveFlags['node-output'],
  'node-addresses': liveFlags['node-addresses'],
}

/** The flags of `capture bgp`. */
export const bgpFlags = {
  peer: Flags.string({
    required: true,
    helpValue: 'ADDRESS',
    description: 'the router, whose port 179 the speakers call',
  }),
  vip: Flags.string({ helpValue: 'ADDRESS', description: 'also say whether an announced prefix covers this VIP' }),
  ...frameFlags,
}

/** What the flags of every capture say. */
export interface FrameFlags extends ReachFlags {
  readonly read: string | undefined
  readonly interface: string | undefined
  readonly source: 'tcpdump' | 'libpcap' | undefined
  readonly node: string | undefined
  readonly duration: number
  readonly count: number | undefined
  readonly write: string | undefined
  readonly promiscuous: boolean
  readonly output: 'text' | 'json'
  readonly 'no-color': boolean
  readonly quiet: boolean
}
