import type { Address } from '../../net/address.ts'
import type { Packet, Step } from './types.ts'
import type { IpSets } from '../../evidence/node/ipset.ts'

/** What matches ask of the node besides the packet. Null where the evidence does not say. */
export interface World {
  /** The type that the routing tables give an address (RTN_LOCAL and so on), in iptables' words; where a device is named, on it alone. */
  readonly addressType: (address: Address, device: string | null) => string | null
  readonly sets: IpSets | null
  /** Whether a rule or policy that drops or rejects is looked away from, as if it were gone. */
  readonly isTakenAway: (step: Step) => boolean
  /** Whether the way back to a packet's source leads out of the device that it came in by, as `-m rpfilter` asks it. */
  readonly reversePath: (
    packet: Packet,
    how: { readonly loose: boolean; readonly validMark: boolean; readonly acceptLocal: boolean },
  ) => boolean
  /** Whether a socket of the node waits for the packet, as `-m socket` asks it; null also where it would have to be transparent. */
  readonly socketFor: (
    packet: Packet,
    how: { readonly transparent: boolean; readonly wildcards: boolean },
  ) => boolean | null
  /** The ports of a bridge whose frames iptables sees too; null for a device that is no such bridge. */
  readonly bridgePorts: (device: string) => readonly string[] | null
  /** The first address of a device in the family of the packet: what REDIRECT and MASQUERADE use. */
  readonly addressOfDevice: (device: string, family: 4 | 6) => Address | null
}
