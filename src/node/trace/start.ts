import type { Address } from '../../net/address.ts'
import type { Branch, Carried } from './types.ts'

/** A packet as it sets out: where from, where to, and by which device it comes in (null: the node itself sends it). */
export interface Start {
  readonly source: Address
  readonly destination: Address
  readonly protocol: Carried
  readonly destinationPort: number
  readonly sourcePort?: number
  readonly inDevice: string | null
}

/** A port of the range that Linux takes for clients (net.ipv4.ip_local_port_range, 32768-60999): rules about source ports rarely mean one. */
const clientPort = 40_000

/** The one branch that a packet is before any rule has seen it. */
export function branchOf(start: Start): Branch {
  const { source, destination, destinationPort, sourcePort = clientPort } = start
  return {
    packet: {
      ...start,
      sourcePort,
      outDevice: null,
      mark: 0,
      routedMark: 0,
      connmark: 0,
      original: { source, destination, port: destinationPort },
      translated: false,
      sourceNat: null,
      tracked: true,
      entered: false,
      answers: false,
    },
    probability: 1,
    doubt: null,
    steps: [],
  }
}
