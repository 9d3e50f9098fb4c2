import type { Address } from '../../net/address.ts'
import type { Protocol } from '../../net/port.ts'
import type { Cidr } from '../../net/range.ts'
import type { Place } from '../cite.ts'

/** One entry that a frontend sends to. `to` is null where the table names a backend that it does not have: packets given to it are lost. */
export interface Backend {
  readonly to: { readonly address: Address; readonly port: number } | null
  readonly place: Place
  readonly text: string
}

/** One address and port of which an eBPF program takes the packets. */
export interface Frontend {
  readonly address: Address
  readonly port: number
  /** Null where the listing does not say (Cilium up to 1.14): any. */
  readonly protocol: Protocol | null
  /** Whose packets it is for: those from outside the cluster, those from inside it, or both. */
  readonly from: 'outside' | 'inside' | 'both'
  /** The clients that it is for, as Calico keeps source ranges; null is all. */
  readonly sources: Cidr | null
  /** `backends` sends on; `drop` refuses the clients; `proxy` hands over to a proxy of the node; `ranges` compares clients with ranges that are not in the listing. */
  readonly does: 'backends' | 'drop' | 'proxy' | 'ranges'
  /** Whether only backends of this node are meant. */
  readonly onlyLocal: boolean
  /** Cilium: whether answers go past the node that took the packet. */
  readonly dsr: boolean
  /** Whether it is a Service's that is asked for from outside: no ClusterIP. */
  readonly isExternal: boolean
  readonly backends: readonly Backend[]
  readonly place: Place
  readonly text: string
}

/** The table by which an eBPF program of a node translates. */
export interface ServiceMap {
  readonly file: string
  readonly frontends: readonly Frontend[]
}
