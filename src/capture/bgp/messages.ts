import { addressOf } from '../../net/address.ts'
import { u16 } from '../frame.ts'

/** A BGP message (RFC 4271 §4). Prefixes are CIDRs; `as` is the four-byte number where the sender has one (RFC 6793). */
export type BgpMessage =
  | { readonly type: 'open'; readonly as: number; readonly holdSeconds: number; readonly identifier: string }
  | { readonly type: 'update'; readonly announced: readonly string[]; readonly withdrawn: readonly string[] }
  | { readonly type: 'notification'; readonly code: number; readonly subcode: number }
  | { readonly type: 'keepalive' }
  | { readonly type: 'other'; readonly number: number }

/*
 * marker (16, all ones), length (2, with the header), type (1)
 *
 *   OPEN          version (1), AS (2), hold time (2), identifier (4), length of parameters (1), parameters: type (1), length (1), …
 *   UPDATE        length of withdrawn (2), withdrawn, length of attributes (2), attributes, prefixes
 *   NOTIFICATION  code (1), subcode (1), data
 *   prefix        length in bits (1), as many bytes as those need
 */
export const headerLength = 19
/** RFC 8654: an extended message may have 65,535 bytes. */
const longest = 65_535
const capabilities = 2
const fourByteAs = 65
const mpReach = 14
const mpUnreach = 15

/** Takes whole messages from the beginning of a stream. `used` says how many bytes they were; a stream that is no BGP has a `problem`. */
export function takeMessages(stream: Uint8Array): {
  readonly messages: readonly BgpMessage[]
  readonly used: number
  readonly problem: string | null
} {
  const messages: BgpMessage[] = []
  let at = 0
  while (at + headerLength <= stream.length) {
    const length = u16(stream, at + 16)
    const marked = stream.subarray(at, at + 16).every((byte) => byte === 0xff)
    if (!marked || length < headerLength || length > longest)
      return { messages, used: at, problem: 'it does not speak BGP: a message without its marker' }
    if (at + length > stream.length) break
    messages.push(messageOf(stream[at + 18] ?? 0, stream.subarray(at + headerLength, at + length)))
    at += length
  }
  return { messages, used: at, problem: null }
}

/** Where the first message may begin in bytes from the middle of a stream; -1 where none does. */
export function seekMessage(stream: Uint8Array): number {
  let ones = 0
  for (let at = 0; at < stream.length; at += 1) {
    ones = stream[at] === 0xff ? ones + 1 : 0
    if (ones < 16 || at + 3 >= stream.length) continue
    const [length, type] = [u16(stream, at + 1), stream[at + 3] ?? 0]
    if (length >= headerLength && type >= 1 && type <= 5) return at - 15
  }
  return -1
}

function messageOf(type: number, body: Uint8Array): BgpMessage {
  if (type === 1 && body.length >= 10) return open(body)
  if (type === 2 && body.length >= 4) return update(body)
  if (type === 3 && body.length >= 2) return { type: 'notification', code: body[0] ?? 0, subcode: body[1] ?? 0 }
  return type === 4 ? { type: 'keepalive' } : { type: 'other', number: type }
}

function open(body: Uint8Array): BgpMessage {
  const identifier = addressOf(4, BigInt(u16(body, 5) * 65536 + u16(body, 7))).text
  return { type: 'open', as: fourByte(body.subarray(10)) ?? u16(body, 1), holdSeconds: u16(body, 3), identifier }
}

/** The AS number of capability 65, where it stands in the parameters. */
function fourByte(parameters: Uint8Array): number | null {
  for (let at = 0; at + 2 <= parameters.length; at += 2 + (parameters[at + 1] ?? 0)) {
    if (parameters[at] !== capabilities) continue
    const list = parameters.subarray(at + 2, at + 2 + (parameters[at + 1] ?? 0))
    for (let own = 0; own + 2 <= list.length; own += 2 + (list[own + 1] ?? 0))
      if (list[own] === fourByteAs && list[own + 1] === 4 && own + 6 <= list.length)
        return u16(list, own + 2) * 65536 + u16(list, own + 4)
  }
  return null
}

function update(body: Uint8Array): BgpMessage {
  const withdrawnEnd = Math.min(2 + u16(body, 0), body.length)
  const attributesEnd = Math.min(withdrawnEnd + 2 + u16(body, withdrawnEnd), body.length)
  const inAttributes = attributes(body.subarray(withdrawnEnd + 2, attributesEnd))
  return {
    type: 'update',
    announced: [...prefixes(body.subarray(attributesEnd), 4), ...inAttributes.announced],
    withdrawn: [...prefixes(body.subarray(2, withdrawnEnd), 4), ...inAttributes.withdrawn],
  }
}

/** The prefixes of IPv6 stand in two attributes (RFC 4760). */
function attributes(bytes: Uint8Array): { announced: string[]; withdrawn: string[] } {
  const found = { announced: [] as string[], withdrawn: [] as string[] }
  for (let at = 0; at + 3 <= bytes.length;) {
    const extended = ((bytes[at] ?? 0) & 0x10) !== 0
    const start = at + (extended ? 4 : 3)
    const value = bytes.subarray(start, start + (extended ? u16(bytes, at + 2) : (bytes[at + 2] ?? 0)))
    const unicast = value.length >= 3 && u16(value, 0) === 2 && value[2] === 1
    if (bytes[at + 1] === mpReach && unicast && value.length >= 5)
      found.announced.push(...prefixes(value.subarray(5 + (value[3] ?? 0)), 6))
    if (bytes[at + 1] === mpUnreach && unicast) found.withdrawn.push(...prefixes(value.subarray(3), 6))
    at = start + Math.max(value.length, 0)
    if (value.length === 0 && start > bytes.length) break
  }
  return found
}

function prefixes(bytes: Uint8Array, family: 4 | 6): string[] {
  const width = family === 4 ? 4 : 16
  const found: string[] = []
  for (let at = 0; at < bytes.length;) {
    const bits = bytes[at] ?? 0
    const length = Math.ceil(bits / 8)
    if (bits > width * 8 || at + 1 + length > bytes.length) break
    let value = 0n
    for (let part = 0; part < width; part += 1)
      value = (value << 8n) | BigInt(part < length ? (bytes[at + 1 + part] ?? 0) : 0)
    found.push(`${addressOf(family, value).text}/${String(bits)}`)
    at += 1 + length
  }
  return found
}

const errors: Readonly<Record<string, string>> = {
  '1': 'Message Header Error',
  '2': 'OPEN Message Error',
  '2/1': 'Unsupported Version Number',
  '2/2': 'Bad Peer AS',
  '2/3': 'Bad BGP Identifier',
  '2/4': 'Unsupported Optional Parameter',
  '2/6': 'Unacceptable Hold Time',
  '2/7': 'Unsupported Capability',
  '3': 'UPDATE Message Error',
  '4': 'Hold Timer Expired',
  '5': 'Finite State Machine Error',
  '6': 'Cease',
  '6/1': 'Maximum Number of Prefixes Reached',
  '6/2': 'Administrative Shutdown',
  '6/3': 'Peer De-configured',
  '6/4': 'Administrative Reset',
  '6/5': 'Connection Rejected',
  '6/6': 'Other Configuration Change',
  '6/7': 'Connection Collision Resolution',
  '6/8': 'Out of Resources',
}

/** A NOTIFICATION in the words of RFC 4271 §4.5, RFC 4486 and RFC 5492: `2/2 (Bad Peer AS)`. */
export function notificationText(code: number, subcode: number): string {
  const numbers = `${String(code)}/${String(subcode)}`
  const name = errors[numbers] ?? errors[String(code)]
  return name === undefined ? numbers : `${numbers} (${name})`
}
