import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** A text that waits until all VIPs are judged, small while it does. */
export type Packed = string | Uint8Array

/** So many characters of a report wait as they are: packing a report of a few VIPs would only take time. */
const room = 4_000_000

/**
 * Packs what a report keeps of each diagnosis, once that is much. The worst comes first and the verdict on top, so nothing is printed before
 * the last VIP is judged: the JSON of 10,000 VIPs is a gigabyte, and nearly all of it is alike.
 */
export function packing(): (text: string) => Packed {
  let kept = 0
  return (text) => {
    kept += text.length
    return kept <= room ? text : deflateRawSync(text, { level: 1 })
  }
}

/** The text again. */
export const unpacked = (packed: Packed): string =>
  typeof packed === 'string' ? packed : inflateRawSync(packed).toString('utf8')
