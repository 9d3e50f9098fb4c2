import type { Protocol } from '../../net/port.ts'

const numbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 }

/** The IANA number of a protocol as a rule writes it, by name or number; null for `-1`, which means every protocol, NaN for none at all. */
export function protocolNumber(text: string | undefined): number | null {
  const name = (text ?? '').toLowerCase()
  if (name === '-1' || name === 'all') return null
  const number = numbers[name] ?? (/^\d{1,3}$/.test(name) ? Number(name) : NaN)
  return number <= 255 ? number : NaN
}

/** The number of a transport protocol. */
export const numberOf = (protocol: Protocol): number => numbers[protocol] ?? NaN

/** A protocol number in words. */
export const protocolText = (number: number): string =>
  Object.entries(numbers).find(([, value]) => value === number)?.[0] ?? `protocol ${String(number)}`

/** Numbers of protocols without ports (IANA, Protocol Numbers). */
export const ICMP = 1
export const ICMPV6 = 58

/** Whether rules name ports of this protocol; of the others they match every packet. SCTP is none of them: EC2 takes its rules without ports. */
export const hasPorts = (number: number): boolean => number === 6 || number === 17
