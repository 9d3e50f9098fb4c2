import { macText } from './frame.ts'

/*
 * IEEE 802.11-2020 §9.3.2 (all numbers little-endian): frame control (2), duration (2), address 1 (6), address 2 (6), address 3 (6),
 * sequence (2), address 4 (6, between two access points), QoS (2), HT control (4); then LLC/SNAP (8): aa aa 03, 00 00 00, EtherType.
 * Radiotap: version (1), pad (1), length (2), …
 */
const addresses = 24
const qos = 0x80
const protectedFrame = 0x40
const order = 0x80

/** A data frame's addresses and where its LLC header begins; `encrypted` where what it carries cannot be read; null for other frames. */
export function wifiFrame(
  bytes: Uint8Array,
): { readonly source: string; readonly destination: string; readonly llc: number } | 'encrypted' | null {
  const [type = 0, flags = 0] = bytes
  // Data, and of its subtypes those with a body (bit 6 is "no data").
  if (bytes.length < addresses || (type & 0x4c) !== 0x08) return null
  if ((flags & protectedFrame) !== 0) return 'encrypted'
  const [toNetwork, fromNetwork] = [(flags & 1) !== 0, (flags & 2) !== 0]
  const fourth = toNetwork && fromNetwork
  const hasQos = (type & qos) !== 0
  const llc = addresses + (fourth ? 6 : 0) + (hasQos ? 2 : 0) + (hasQos && (flags & order) !== 0 ? 4 : 0)
  const mac = (at: number) => macText(bytes.subarray(at, at + 6))
  return { source: mac(fourth ? 24 : fromNetwork ? 16 : 10), destination: mac(toNetwork ? 16 : 4), llc }
}

/** What stands behind the radiotap header. */
export const withoutRadiotap = (bytes: Uint8Array): Uint8Array =>
  bytes.length < 4 ? new Uint8Array() : bytes.subarray((bytes[2] ?? 0) | ((bytes[3] ?? 0) << 8))
