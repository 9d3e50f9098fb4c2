/** One captured frame. `bytes` is what was kept of it, `originalLength` how long it was on the wire, `timeNs` nanoseconds since 1970. */
export interface Frame {
  readonly timeNs: bigint
  /** The LINKTYPE_ number of libpcap: what `bytes` begins with. */
  readonly linkType: number
  readonly bytes: Uint8Array
  readonly originalLength: number
}

/** What a decoder says of bytes that it cannot read. `short`: they end too early, which a capture may have done to them. */
export interface Malformed {
  readonly odd: string
  readonly short: boolean
}

const hexBytes: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** `0a:58:0a:f0:00:0a`; the address of any length, as the kernel prints it. A flood of frames makes four of them each. */
export function macText(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 1) text += `${at === 0 ? '' : ':'}${hexBytes[bytes[at] ?? 0] ?? ''}`
  return text
}

/** MAC addresses that name no host: all of a segment, and none (the target of an ARP request). */
export const broadcastMac = 'ff:ff:ff:ff:ff:ff'
export const zeroMac = '00:00:00:00:00:00'

/** Big-endian numbers, as the network has them. The caller has checked the length. */
export const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
