import { addressOf, type Address } from '../net/address.ts'

/** Stand-ins for MACs, and for the link-local IPv6 addresses that are made of a MAC (RFC 4291, appendix A). */
export interface MacStandIns extends ReadonlyMap<string, string> {
  readonly linkLocal: (address: Address) => Address | null
}

/** Broadcast, multicast and the empty MAC name nobody. */
export const isMacOfNobody = (mac: string): boolean =>
  mac === '00:00:00:00:00:00' || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1

/** Each MAC gets a locally administered one, in the order of the MACs themselves. */
export function macStandIns(macs: readonly string[]): MacStandIns {
  const own = [...new Set(macs.map((mac) => mac.toLowerCase()))].filter((mac) => !isMacOfNobody(mac)).sort()
  const standIns = new Map(own.map((mac, index) => [mac, macOf(0x02_00_00_00_00_00n + BigInt(index + 1))]))
  const linkLocal = (address: Address): Address | null => {
    if (address.family !== 6 || address.value >> 64n !== 0xfe80_0000_0000_0000n) return null
    if (((address.value >> 24n) & 0xffffn) !== 0xfffen) return null
    const mac = (((address.value >> 40n) & 0xff_ffffn) << 24n) | (address.value & 0xff_ffffn)
    const standIn = standIns.get(macOf(mac ^ (1n << 41n)))
    if (standIn === undefined) return null
    const value = BigInt(`0x${standIn.replaceAll(':', '')}`) ^ (1n << 41n)
    return addressOf(6, (0xfe80n << 112n) | ((value >> 24n) << 40n) | (0xfffen << 24n) | (value & 0xff_ffffn))
  }
  return Object.assign(standIns, { linkLocal })
}

const macOf = (value: bigint): string => (value.toString(16).padStart(12, '0').match(/../g) ?? []).join(':')
