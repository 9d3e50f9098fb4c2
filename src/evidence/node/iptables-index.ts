import type { Address } from '../../net/address.ts'
import type { IptablesChain } from './chain-table.ts'
import type { Rule } from './iptables-rule.ts'
import { placesOf, ruleAtPlace, rulesOf } from './iptables-save.ts'
import { textHash, wordHash, wordIndex, type WordIndex } from './word-index.ts'

/** What a rule of a long chain may ask exactly of a packet. */
export interface Asked {
  readonly source: Address
  readonly destination: Address
  readonly destinationPort: number
}

interface Index {
  readonly places: readonly number[]
  /** Places by what their rule asks for. Two that share a hash do no harm: a rule that is read in vain does not apply. */
  readonly byKey: WordIndex
  readonly others: readonly number[]
  readonly rules: Map<number, Rule>
}
const indexes = new WeakMap<IptablesChain, Index>()

/** Shorter chains are tokenised whole: an index would cost more than it saves. */
const longFrom = 48

/**
 * The rules of a chain that this packet can meet, in order. In a long chain (KUBE-SERVICES has a rule with one destination for each address
 * of each Service, KUBE-NODEPORTS one with one port for each Service) those that ask for another address or port are passed over unread.
 */
export function rulesFor(chain: IptablesChain, { source, destination, destinationPort }: Asked): readonly Rule[] {
  if (chain.size < longFrom) return rulesOf(chain)
  const { places, byKey, others, rules } = indexOf(chain)
  const met = [
    ...byKey.all(textHash(source.text, LETTER_S)),
    ...byKey.all(textHash(destination.text, LETTER_D)),
    ...byKey.all(textHash(String(destinationPort), LETTER_P)),
  ]
  return [...new Set([...met, ...others])]
    .sort((one, other) => one - other)
    .map((place) => {
      const rule = rules.get(place) ?? ruleAtPlace(chain, places, place)
      rules.set(place, rule)
      return rule
    })
}

function indexOf(chain: IptablesChain): Index {
  const found = indexes.get(chain)
  if (found !== undefined) return found
  const places = placesOf(chain)
  const byKey = wordIndex()
  const others: number[] = []
  const options = Buffer.byteLength(chain.name) + 4
  for (let index = 0; index < places.length; index += 3) {
    const key = keyOf(chain.bytes, (places[index] ?? 0) + options, places[index + 1] ?? 0)
    if (key === null) others.push(index)
    else byKey.add(key, index)
  }
  const built = { places, byKey, others, rules: new Map<number, Rule>() }
  indexes.set(chain, built)
  return built
}

const SPACE = 32
const QUOTE = 34
const DASH = 45
const DOT = 46
const SLASH = 47
const [DIGIT_0, DIGIT_9] = [48, 57]
const [LETTER_D, LETTER_P, LETTER_S] = [100, 112, 115]

/**
 * Something that the packet must have for this rule to apply, hashed; null where the rule asks nothing so simple.
 * Addresses are compared as text: the kernel's canonical form for IPv4; an IPv6 form that is written otherwise is not taken for exact.
 */
function keyOf(bytes: Buffer, from: number, end: number): number | null {
  let at = from
  const negated = bytes[at] === 33 && bytes[at + 1] === SPACE
  if (negated) at += 2
  const side = flagAt(bytes, at)
  if (side === 0) return negated ? null : portKey(bytes, from, end)
  const exact = negated ? -1 : exactEnd(bytes, at + 3, end, side)
  if (exact !== -1) return wordHash(bytes, at + 3, exact, side)
  if (side === LETTER_D) return null
  // Behind a source that is a network, or is excluded, the destination may be exact.
  while (at + 3 < end && bytes[at + 3] !== SPACE) at += 1
  at += 4
  if (flagAt(bytes, at) !== LETTER_D) return null
  const destination = exactEnd(bytes, at + 3, end, LETTER_D)
  return destination === -1 ? null : wordHash(bytes, at + 3, destination, LETTER_D)
}

/** The letter of `-s ` or `-d `; 0 for anything else. */
function flagAt(bytes: Buffer, at: number): number {
  const letter = bytes[at + 1] ?? 0
  return bytes[at] === DASH && (letter === LETTER_D || letter === LETTER_S) && bytes[at + 2] === SPACE ? letter : 0
}

/** Where an address ends that stands for itself alone; -1 for a network and for a form that is perhaps not canonical. */
function exactEnd(bytes: Buffer, from: number, end: number, side: number): number {
  let at = from
  let slash = -1
  let isIpv4 = true
  for (; at < end && bytes[at] !== SPACE; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte === SLASH) slash = at
    else if (slash === -1 && byte !== DOT && (byte < DIGIT_0 || byte > DIGIT_9)) isIpv4 = false
  }
  if (at >= end) return -1
  if (isIpv4) return slash === -1 ? at : at === slash + 3 && bytes.toString('latin1', slash, at) === '/32' ? slash : -1
  return side === LETTER_D && ipv6.test(bytes.toString('latin1', from, at)) ? slash : -1
}
const ipv6 = /^(?!0)(?!.*:0)[\da-f:]+\/128$/

/** `--dport N`, behind the last quoted text, so that no comment is taken for it; `!` before it turns it round. */
function portKey(bytes: Buffer, from: number, end: number): number | null {
  let at = end
  while (at > from && bytes[at - 1] !== QUOTE) at -= 1
  const asked = port.exec(bytes.toString('latin1', at, end))
  if (asked === null || asked[1] === '!') return null
  return textHash(asked[2] ?? '', LETTER_P)
}
const port = /(?:^| )(?:(!) )?--dport (\d+)(?= |$)/
