import { addressOf, type Address } from '../../net/address.ts'
import { sizeOf, type Range } from '../../net/range.ts'
import type { Packet } from './types.ts'

/** One end that a translation may give a packet, with its share. */
export interface End {
  readonly address: Address
  readonly port: number
  readonly part: number
}

/** Which of a range the kernel takes is open; of more than these they are not told apart. */
const most = 64

/**
 * The ends that a translation to a range of addresses and ports (null: the packet's own) may give. Of a range of ports the kernel keeps the
 * one that is asked for where it is in it, else it draws one (Linux net/netfilter/nf_nat_core.c, get_unique_tuple).
 */
export function spread(
  { destination, destinationPort }: Packet,
  addresses: Range | null,
  ports: readonly [number, number] | null,
): readonly End[] {
  const [first, last] = ports ?? [destinationPort, destinationPort]
  const kept = first <= destinationPort && destinationPort <= last
  const drawn = kept ? 1 : Math.max(1, Math.min(last - first + 1, most))
  const many = addresses === null ? 1 : Math.min(Number(sizeOf(addresses)), most)
  return Array.from({ length: many }, (_, index) =>
    addresses === null ? destination : addressOf(addresses.family, addresses.first + BigInt(index)),
  ).flatMap((address) =>
    Array.from({ length: drawn }, (_, index) => ({
      address,
      port: kept ? destinationPort : first + index,
      part: 1 / (many * drawn),
    })),
  )
}
