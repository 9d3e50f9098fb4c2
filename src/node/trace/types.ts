import type { Place } from '../../evidence/cite.ts'
import { sameAddress, type Address } from '../../net/address.ts'
import type { Protocol } from '../../net/port.ts'

/** What a packet carries: a transport, or a whole packet in an IPIP tunnel, by the name that iptables and nft print for protocol 4. Those have no ports. */
export type Carried = Protocol | 'ipencap' | Asking

/** How a next hop is asked for its hardware address, in IPv4 and IPv6: by the names that nft prints. Such a frame has no ports either. */
type Asking = 'arp' | 'ipv6-icmp'

/** A packet on its way through one node: the first of its connection (a SYN or a datagram, state NEW), or the answer to it. */
export interface Packet {
  readonly source: Address
  readonly destination: Address
  readonly protocol: Carried
  readonly sourcePort: number
  readonly destinationPort: number
  /** The device it came in by; null for what the node itself sends. */
  readonly inDevice: string | null
  /** The device it will leave by; null before the routing decision. */
  readonly outDevice: string | null
  readonly mark: number
  /** The mark that it had when it was last routed. What changes later counts for rules, not for the way. */
  readonly routedMark: number
  readonly connmark: number
  /** Addresses, and the port at the destination, before any translation. */
  readonly original: { readonly source: Address; readonly destination: Address; readonly port: number }
  readonly translated: boolean
  /** What will stand as its source: null unchanged, `masquerade` the address of the device it leaves by. */
  readonly sourceNat: 'masquerade' | Address | null
  /** False after NOTRACK: no translation happens to it. */
  readonly tracked: boolean
  /** Whether conntrack has seen it: not yet in `raw`, where it is of no connection. */
  readonly entered: boolean
  /** Whether it is the answer to a connection's first packet, or to the question for a hardware address. */
  readonly answers: boolean
  /** Whether a bridge looks at it, as a frame: by which of its ports it goes, and what conntrack knows of it, is not followed there. */
  readonly onBridge?: boolean
}

/** Whether the packet is of a connection that conntrack knows. Without one, what rules ask of the connection does not hold, negated or not. */
export const hasConnection = ({ tracked, entered }: Packet): boolean => tracked && entered

/** Whether a translation changed the address; one to where the packet went anyway changes nothing. */
export const goesElsewhere = ({ original, destination }: Packet): boolean =>
  !sameAddress(original.destination, destination)

/** Whether a translation changed address or port: what the connection's state DNAT says (net/netfilter/nf_nat_core.c, nf_nat_setup_info). */
export const isDestinationNat = (packet: Packet): boolean =>
  packet.translated && (goesElsewhere(packet) || packet.original.port !== packet.destinationPort)

/** What a rule did with the packet; `unknown` where this program does not know what it does, or whether it applies. */
export type Did =
  | 'accept'
  | 'continue'
  | 'return'
  | 'drop'
  | 'reject'
  | 'jump'
  | 'goto'
  | 'dnat'
  | 'redirect'
  | 'snat'
  | 'masquerade'
  | 'mark'
  | 'connmark'
  | 'save-mark'
  | 'restore-mark'
  | 'notrack'
  | 'unknown'

/** One rule that decided something, as a person can find it in the dump. */
export interface Step {
  readonly backend: 'nft' | 'legacy' | 'native' | 'ipvs' | 'ebpf' | 'kernel'
  readonly hook: string
  readonly table: string
  readonly chain: string
  readonly did: Did
  /** Where it stands in the evidence; null for what no file holds. */
  readonly place: Place | null
  /** The kernel's number of a native nftables rule, by which `nft` finds it; null for all others. */
  readonly handle: number | null
  readonly text: string
  /** Why an eBPF program refuses a packet; the chains of kube-proxy say it by their names. */
  readonly refuses?: 'no-endpoints' | 'no-local-endpoint' | 'missing-backend' | 'source-ranges'
  /** What is printed at the place, where `text` is not it. */
  readonly printed?: string
}

/** One way the packet may take through a hook, with the rules that led it there. */
export interface Branch {
  readonly packet: Packet
  /** Between 0 and 1; over all branches of a trace they sum to 1. */
  readonly probability: number
  /** False where a match or target that is not known was on the way: then `doubt` names the first. */
  readonly doubt: Step | null
  readonly steps: readonly Step[]
}

/**
 * What drops a packet: a rule, a chain's policy or a rule that is not known; or the kernel by itself, which does not forward, has no way back
 * to the source, takes the source for impossible, takes nothing for loopback from outside, or sends nothing back out of a bridge's port. Or a rule
 * drops the question for the next hop's hardware address, and the packet waits in vain (`question-dropped`).
 */
export type DroppedBy =
  | 'rule'
  | 'policy'
  | 'unknown-rule'
  | 'forwarding-off'
  | 'reverse-path'
  | 'martian-source'
  | 'loopback-destination'
  | 'hairpin-off'
  | 'question-dropped'

/** What became of the packet at this node. */
export type Fate =
  /** Sent on to `packet.destination` after translation. */
  | { readonly kind: 'delivered'; readonly device: string | null; readonly gateway: Address | null }
  /** Handed to a socket of the node, translated to one of its own addresses or not. */
  | { readonly kind: 'local' }
  /** Sent on without translation. */
  | { readonly kind: 'forwarded'; readonly device: string | null; readonly gateway: Address | null }
  | { readonly kind: 'dropped'; readonly by: DroppedBy; readonly why: string }
  | { readonly kind: 'rejected'; readonly with: string }
  | { readonly kind: 'no-route'; readonly why: string }

/** A branch at its end on this node. */
export interface Outcome extends Branch {
  readonly fate: Fate
}
