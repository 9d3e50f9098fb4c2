import { addressOf, type Address } from '../net/address.ts'
import { macText, u16, type Malformed } from './frame.ts'

/** An ARP message for IPv4 over Ethernet. */
export interface Arp {
  readonly operation: 'request' | 'reply'
  readonly senderMac: string
  readonly sender: Address
  readonly targetMac: string
  readonly target: Address
}

/*
 * RFC 826: hardware type (2), protocol type (2), hardware length (1), protocol length (1), operation (2),
 * sender hardware (6), sender protocol (4), target hardware (6), target protocol (4): 28 bytes. Ethernet pads them to 46.
 */
const length = 28

/** Ethernet; and IEEE 802, which Linux takes on Ethernet as well (net/ipv4/arp.c, arp_process). */
const hardwareTypes: ReadonlySet<number> = new Set([1, 6])

/** Reads an ARP message; anything but a request or a reply for IPv4 over Ethernet is malformed, and says what it is. */
export function decodeArp(bytes: Uint8Array): Arp | Malformed {
  if (bytes.length < length)
    return { odd: `an ARP message of ${String(bytes.length)} bytes, where 28 make one`, short: true }
  const [hardware, protocol, operation] = [u16(bytes, 0), u16(bytes, 2), u16(bytes, 6)]
  const odd = (what: string): Malformed => ({ odd: `an ARP message ${what}`, short: false })
  if (!hardwareTypes.has(hardware) || protocol !== 0x0800)
    return odd(`of hardware type ${String(hardware)} and protocol 0x${protocol.toString(16)}`)
  if (bytes[4] !== 6 || bytes[5] !== 4)
    return odd(
      `with addresses of ${String(bytes[4])} and ${String(bytes[5])} bytes, where Ethernet and IPv4 have 6 and 4`,
    )
  if (operation !== 1 && operation !== 2) return odd(`of operation ${String(operation)}`)
  return {
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: macText(bytes.subarray(8, 14)),
    sender: ipv4(bytes, 14),
    targetMac: macText(bytes.subarray(18, 24)),
    target: ipv4(bytes, 24),
  }
}

/** In a flood few addresses come again and again, and to make one takes longer than everything else here. */
const made = new Map<number, Address>()
const madeKept = 4096

function ipv4(bytes: Uint8Array, at: number): Address {
  const value = u16(bytes, at) * 65536 + u16(bytes, at + 2)
  const before = made.get(value)
  if (before !== undefined) return before
  if (made.size >= madeKept) made.clear()
  const address = addressOf(4, BigInt(value))
  made.set(value, address)
  return address
}
