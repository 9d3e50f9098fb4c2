import { parseRange, type Range } from '../../net/range.ts'
import { option } from './iptables-option.ts'

/** One condition of a rule. `not` turns it round. `unknown` is a condition that this program does not know: it may hold or not. */
export type Match =
  | {
      readonly kind: 'source' | 'destination' | 'original-source' | 'original-destination'
      readonly range: Range
      readonly not: boolean
    }
  | { readonly kind: 'in' | 'out'; readonly device: string; readonly not: boolean }
  | { readonly kind: 'protocol' | 'original-protocol'; readonly protocol: string; readonly not: boolean }
  | {
      readonly kind: 'source-port' | 'destination-port' | 'either-port' | 'original-port' | 'original-source-port'
      readonly ports: readonly (readonly [number, number])[]
      readonly not: boolean
    }
  | {
      readonly kind: 'tcp-flags'
      readonly mask: readonly string[]
      readonly set: readonly string[]
      readonly not: boolean
    }
  | { readonly kind: 'mark' | 'connmark'; readonly value: number; readonly mask: number; readonly not: boolean }
  | { readonly kind: 'state'; readonly states: readonly string[]; readonly not: boolean }
  | { readonly kind: 'direction'; readonly direction: string; readonly not: boolean }
  | {
      readonly kind: 'addrtype'
      readonly of: 'source' | 'destination'
      readonly types: readonly string[]
      readonly limitDevice: 'in' | 'out' | null
      readonly not: boolean
    }
  | {
      readonly kind: 'set'
      readonly name: string
      readonly dimensions: readonly string[]
      readonly nomatch: boolean
      readonly not: boolean
    }
  | { readonly kind: 'random'; readonly probability: number; readonly not: boolean }
  /** What is settled for a client's first packet, whatever it is: it was not seen before, is within every limit, and no helper expected it. */
  | { readonly kind: 'first'; readonly holds: boolean; readonly not: boolean }
  | {
      readonly kind: 'reverse-path'
      readonly loose: boolean
      readonly validMark: boolean
      readonly acceptLocal: boolean
      readonly not: boolean
    }
  /** A socket of the node waits for the packet; `wildcards` where one on no address of its own counts, too. */
  | { readonly kind: 'socket'; readonly transparent: boolean; readonly wildcards: boolean; readonly not: boolean }
  | { readonly kind: 'packet-type'; readonly type: string; readonly not: boolean }
  | { readonly kind: 'policy'; readonly ipsec: boolean }
  /** The port of a bridge that a frame came in by, or goes out by while it is bridged and not routed. `port` null: any. */
  | { readonly kind: 'port-in' | 'port-out'; readonly port: string | null; readonly not: boolean }
  | { readonly kind: 'bridged'; readonly not: boolean }
  | { readonly kind: 'unknown'; readonly text: string }

/** What a rule does. `continue` covers what only counts, logs or edits what no later rule looks at. */
export type Action =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'continue' | 'notrack' }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'dnat'; readonly to: readonly Destination[] }
  | { readonly kind: 'redirect'; readonly port: number | null }
  | { readonly kind: 'masquerade' }
  | { readonly kind: 'snat'; readonly to: Range | null }
  | { readonly kind: 'mark' | 'connmark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'save-mark' | 'restore-mark'; readonly nfmask: number; readonly ctmask: number }
  | { readonly kind: 'unknown'; readonly text: string }

/** A range of addresses (null: unchanged) and of ports (null: unchanged). */
interface Destination {
  readonly addresses: Range | null
  readonly ports: readonly [number, number] | null
}

/** One rule: it acts where all its matches hold. `line` is from 1, `text` as the dump has it. */
export interface Rule {
  readonly line: number
  readonly text: string
  readonly matches: readonly Match[]
  readonly action: Action
}

/** Reads one `-A …` line as iptables 1.8 saves it. What is not known becomes a match or an action of kind `unknown`; nothing throws. */
export function parseRule(text: string, line: number): Rule {
  const words = iptablesWords(text)
  const matches: Match[] = []
  let action: Action = { kind: 'continue' }
  let not = false
  let module = ''
  let limitDevice: 'in' | 'out' | null = null
  for (let at = 2; at < words.length;) {
    const word = words[at] ?? ''
    if (word === '!') {
      not = true
      at += 1
      continue
    }
    if (word === '-j' || word === '-g') {
      action = actionOf(word === '-g', words.slice(at + 1))
      break
    }
    const next = (offset: number) => words[at + offset] ?? ''
    if (word === '-m') module = next(1)
    if (word === '--limit-iface-in' || word === '--limit-iface-out') {
      limitDevice = word === '--limit-iface-in' ? 'in' : 'out'
      at += 1
      continue
    }
    const read = option(word, next, not, module)
    if (read.match !== null) matches.push(read.match)
    at += read.words
    not = false
  }
  const limited = matches.map((match) => (match.kind === 'addrtype' ? { ...match, limitDevice } : match))
  return { line, text, matches: limitDevice === null ? matches : limited, action }
}

/** Targets that change nothing that a later rule or the delivery looks at. */
const passing = new Set([
  'LOG',
  'NFLOG',
  'ULOG',
  'TRACE',
  'AUDIT',
  'TCPMSS',
  'CHECKSUM',
  'CLASSIFY',
  'DSCP',
  'TOS',
  'TTL',
  'HL',
  'SET',
  'LED',
  'SECMARK',
  'CONNSECMARK',
  'RATEEST',
  'HMARK',
  'IDLETIMER',
])

function actionOf(goto: boolean, words: readonly string[]): Action {
  const [name = '', ...rest] = words
  const value = (flag: string) => {
    const at = rest.indexOf(flag)
    return at === -1 ? null : (rest[at + 1] ?? null)
  }
  if (passing.has(name)) return { kind: 'continue' }
  switch (name) {
    case 'ACCEPT':
      return { kind: 'accept' }
    case 'DROP':
      return { kind: 'drop' }
    case 'RETURN':
      return { kind: 'return' }
    case 'REJECT':
      return { kind: 'reject', with: value('--reject-with') ?? 'icmp-port-unreachable' }
    case 'DNAT': {
      const to = destinations(value('--to-destination') ?? '')
      return to === null ? { kind: 'unknown', text: words.join(' ') } : { kind: 'dnat', to }
    }
    case 'REDIRECT':
      return { kind: 'redirect', port: Number(value('--to-ports')?.split('-')[0] ?? NaN) || null }
    case 'MASQUERADE':
      return { kind: 'masquerade' }
    case 'SNAT':
      return { kind: 'snat', to: parseRange((value('--to-source') ?? '').replace(/:[\d-]+$/, '')) }
    case 'MARK':
    case 'CONNMARK':
      return markAction(name, rest, value)
    case 'NOTRACK':
      return { kind: 'notrack' }
    case 'CT':
      return rest.includes('--notrack') ? { kind: 'notrack' } : { kind: 'continue' }
    case 'QUEUE':
    case 'NFQUEUE':
    case 'TPROXY':
    case 'NETMAP':
    case 'SYNPROXY':
    case 'CLUSTERIP':
    case 'TEE':
      return { kind: 'unknown', text: words.join(' ') }
    default:
      return { kind: goto ? 'goto' : 'jump', chain: name }
  }
}

function markAction(
  name: 'MARK' | 'CONNMARK',
  rest: readonly string[],
  value: (flag: string) => string | null,
): Action {
  const kind = name === 'MARK' ? 'mark' : 'connmark'
  const pair = (text: string) => {
    const [set = '0', mask = '0xffffffff'] = text.split('/')
    return { value: Number(set) >>> 0, mask: Number(mask) >>> 0 }
  }
  const xset = value('--set-xmark') ?? value('--set-mark')
  if (xset !== null) return { kind, ...pair(xset) }
  const or = value('--or-mark')
  if (or !== null) return { kind, value: pair(or).value, mask: pair(or).value }
  const masks = {
    nfmask: Number(value('--nfmask') ?? 0xffffffff) >>> 0,
    ctmask: Number(value('--ctmask') ?? 0xffffffff) >>> 0,
  }
  if (rest.includes('--save-mark')) return { kind: 'save-mark', ...masks }
  if (rest.includes('--restore-mark')) return { kind: 'restore-mark', ...masks }
  return { kind: 'unknown', text: [name, ...rest].join(' ') }
}

/** `10.0.0.1:80`, `10.0.0.1-10.0.0.3:80-90`, `:8080`, `[fd00::1]:80`. Several `--to-destination` are one target each in old kernels only. */
function destinations(text: string): readonly Destination[] | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*|[0-9a-fA-F:]+(?:-[0-9a-fA-F:]+)?))(?::(\d+)(?:-(\d+))?)?(?:\/\d+)?$/.exec(
    text,
  )
  if (match === null) return null
  const [, bracketed, bare = '', first, last] = match
  const address = bracketed ?? bare
  const addresses = address === '' ? null : parseRange(address)
  if (address !== '' && addresses === null) return null
  return [{ addresses, ports: first === undefined ? null : [Number(first), Number(last ?? first)] }]
}

/** Splits at blanks; a token may stand in double quotes, with backslash escapes inside. */
export function iptablesWords(text: string): string[] {
  const words: string[] = []
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === ' ') continue
    if (text[at] === '"') {
      const from = at + 1
      for (at = from; at < text.length && text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1
      const quoted = text.slice(from, at)
      words.push(quoted.includes('\\') ? quoted.replaceAll(/\\(.)/g, '$1') : quoted)
    } else {
      const end = text.indexOf(' ', at)
      words.push(text.slice(at, end === -1 ? text.length : end))
      if (end === -1) break
      at = end
    }
  }
  return words
}
