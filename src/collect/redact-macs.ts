import { addressOf, type Address } from '../net/address.ts'

/** Stand-ins for MACs as `0a:58:0a:f0:00:0a`, in whatever form they are written. */
export interface MacStandIns extends ReadonlyMap<string, string> {
  /** Of an IPv6 address whose last half is made of a MAC (RFC 4291, appendix A), that with the stand-in's; null for any other. */
  readonly ofAddress: (address: Address) => Address | null
  /** A text with each of them, and each EUI-64 of one, replaced. */
  readonly replaceIn: (text: string) => string
}

const byte = '[0-9a-fA-F]{2}'
const word = '[0-9a-fA-F]{4}'
/** With colons, with dashes, and as Cisco writes them. */
const mac = new RegExp(
  `(?<![\\w:.-])(?:${byte}([:-])${byte}(?:\\1${byte}){4}|${word}\\.${word}\\.${word})(?![\\w:-]|\\.\\w)`,
  'g',
)
/** A MAC of 8 bytes that is made of one of 6. */
const eui64 = new RegExp(`(?<![\\w:-])${byte}([:-])${byte}\\1${byte}\\1ff\\1fe(?:\\1${byte}){3}(?![\\w:-])`, 'gi')
const universal = 1n << 41n

/** The MACs that a text names, in any form; also those of which IPv6 addresses are made. */
export const macsIn = (text: string, addresses: readonly Address[]): readonly string[] => [
  ...[...text.matchAll(mac)].map(([one]) => macOf(BigInt(`0x${digitsOf(one)}`))),
  ...addresses.flatMap((address) => macInside(address) ?? []),
]

const digitsOf = (text: string): string => text.replaceAll(/[:.-]/g, '').toLowerCase()

/** The MAC of which the last half of an address is made. */
function macInside({ family, value }: Address): string | null {
  if (family !== 6 || ((value >> 24n) & 0xffffn) !== 0xfffen) return null
  return macOf(((((value >> 40n) & 0xff_ffffn) << 24n) | (value & 0xff_ffffn)) ^ universal)
}

/** Broadcast, multicast and the empty MAC name nobody. */
export const isMacOfNobody = (mac: string): boolean =>
  mac === '00:00:00:00:00:00' || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1

/** Each MAC gets a locally administered one, in the order of the MACs themselves. */
export function macStandIns(macs: readonly string[]): MacStandIns {
  const own = [...new Set(macs.map((mac) => mac.toLowerCase()))].filter((mac) => !isMacOfNobody(mac)).sort()
  const standIns = new Map(own.map((mac, index) => [mac, macOf(0x02_00_00_00_00_00n + BigInt(index + 1))]))
  const ofAddress = (address: Address): Address | null => {
    const standIn = standIns.get(macInside(address) ?? '')
    if (standIn === undefined) return null
    const value = BigInt(`0x${digitsOf(standIn)}`) ^ universal
    return addressOf(
      6,
      ((address.value >> 64n) << 64n) | ((value >> 24n) << 40n) | (0xfffen << 24n) | (value & 0xff_ffffn),
    )
  }
  const replaceIn = (text: string): string =>
    text
      .replace(mac, (one) => inFormOf(one, standIns.get(macOf(BigInt(`0x${digitsOf(one)}`)))))
      .replace(eui64, (one) => {
        const digits = digitsOf(one)
        const own = BigInt(`0x${digits.slice(0, 6)}${digits.slice(10)}`)
        const flipped = standIns.get(macOf(own ^ universal))
        const standIn =
          standIns.get(macOf(own)) ??
          (flipped === undefined ? undefined : macOf(BigInt(`0x${digitsOf(flipped)}`) ^ universal))
        return inFormOf(one, standIn === undefined ? undefined : `${standIn.slice(0, 8)}fffe${standIn.slice(9)}`)
      })
  return Object.assign(standIns, { ofAddress, replaceIn })
}

/** A stand-in with the colons, dashes or dots of what it stands for. */
function inFormOf(text: string, standIn: string | undefined): string {
  if (standIn === undefined) return text
  let at = 0
  const digits = digitsOf(standIn)
  return text.replaceAll(/[0-9a-fA-F]/g, () => digits[at++] ?? '')
}

const macOf = (value: bigint): string => (value.toString(16).padStart(12, '0').match(/../g) ?? []).join(':')
