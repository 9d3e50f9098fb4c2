import { parseCidrOrAddress, parseRange, type Range } from '../../net/range.ts'

/** One condition of a rule. `not` turns it round. `unknown` is a condition that this program does not know: it may hold or not. */
export type Match =
  | { readonly kind: 'source' | 'destination' | 'original-destination'; readonly range: Range; readonly not: boolean }
  | { readonly kind: 'in' | 'out'; readonly device: string; readonly not: boolean }
  | { readonly kind: 'protocol' | 'original-protocol'; readonly protocol: string; readonly not: boolean }
  | {
      readonly kind: 'source-port' | 'destination-port' | 'either-port' | 'original-port'
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
  | { readonly kind: 'recent'; readonly not: boolean }
  | { readonly kind: 'packet-type'; readonly type: string; readonly not: boolean }
  | { readonly kind: 'policy'; readonly ipsec: boolean }
  /** The port of a bridge that a frame came in by, or goes out by while it is bridged and not routed. `port` null: any. */
  | { readonly kind: 'port-in' | 'port-out'; readonly port: string | null; readonly not: boolean }
  | { readonly kind: 'bridged'; readonly not: boolean }
  | { readonly kind: 'never' }
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
export interface Destination {
  readonly addresses: Range | null
  readonly ports: readonly [number, number] | null
}

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
    const read = option(word, next, not, module)
    if (read.match !== null) matches.push(read.match)
    at += read.words
    not = false
  }
  return { line, text, matches, action }
}

interface Read {
  readonly match: Match | null
  readonly words: number
}

/** One option with its arguments. */
function option(word: string, next: (offset: number) => string, not: boolean, module: string): Read {
  const one = (match: Match | null): Read => ({ match, words: 2 })
  const odd = (count: number): Read => ({
    match: {
      kind: 'unknown',
      text: [not ? '!' : '', word, ...Array.from({ length: count - 1 }, (_, index) => next(index + 1))]
        .join(' ')
        .trim(),
    },
    words: count,
  })
  switch (word) {
    case '-s':
    case '-d': {
      const range = parseCidrOrAddress(next(1))
      return range === null ? odd(2) : one({ kind: word === '-s' ? 'source' : 'destination', range, not })
    }
    case '-i':
    case '-o':
      return one({ kind: word === '-i' ? 'in' : 'out', device: next(1), not })
    case '-p':
      return one({ kind: 'protocol', protocol: next(1), not })
    case '-m':
      // The module's own options say what it asks; a module without options asks nothing, but for those that are a question by themselves.
      return next(1) === 'socket' || next(1) === 'rpfilter' || next(1) === 'ipvs' ? odd(2) : one(null)
    case '--sport':
    case '--dport':
    case '--sports':
    case '--dports':
    case '--ports': {
      const ports = portRanges(next(1))
      const kind = word === '--ports' ? 'either-port' : word.startsWith('--s') ? 'source-port' : 'destination-port'
      return ports === null ? odd(2) : one({ kind, ports, not })
    }
    case '--tcp-flags':
      return {
        match: { kind: 'tcp-flags', mask: next(1).split(','), set: next(2) === 'NONE' ? [] : next(2).split(','), not },
        words: 3,
      }
    case '--syn':
      return { match: { kind: 'tcp-flags', mask: ['FIN', 'SYN', 'RST', 'ACK'], set: ['SYN'], not }, words: 1 }
    case '--mark':
      return one(marked(module === 'connmark' ? 'connmark' : 'mark', next(1), not))
    case '--ctstate':
    case '--state':
      return one({ kind: 'state', states: next(1).split(','), not })
    case '--ctdir':
      return one({ kind: 'direction', direction: next(1), not })
    case '--ctproto':
      return one({ kind: 'original-protocol', protocol: next(1), not })
    case '--ctorigdst': {
      const range = parseCidrOrAddress(next(1))
      return range === null ? odd(2) : one({ kind: 'original-destination', range, not })
    }
    case '--ctorigdstport': {
      const ports = portRanges(next(1))
      return ports === null ? odd(2) : one({ kind: 'original-port', ports, not })
    }
    case '--src-type':
    case '--dst-type':
      return one({
        kind: 'addrtype',
        of: word === '--src-type' ? 'source' : 'destination',
        types: next(1).split(','),
        limitDevice: null,
        not,
      })
    case '--match-set':
      return { match: { kind: 'set', name: next(1), dimensions: next(2).split(','), nomatch: false, not }, words: 3 }
    case '--probability':
      return one({ kind: 'random', probability: Number(next(1)), not })
    case '--every':
      // One in N of the packets; where the counter stands nobody knows.
      return one({ kind: 'random', probability: 1 / Math.max(Number(next(1)), 1), not })
    case '--mode':
    case '--packet':
    case '--comment':
    case '--nfacct-name':
    case '--limit-burst':
    case '--name':
    case '--mask':
    case '--seconds':
    case '--hitcount':
      return one(null)
    case '--rsource':
    case '--rdest':
    case '--reap':
    case '--rttl':
    case '--set':
      return { match: null, words: 1 }
    case '--rcheck':
    case '--update':
      return { match: { kind: 'recent', not }, words: 1 }
    case '--src-range':
    case '--dst-range': {
      const range = parseRange(next(1))
      return range === null ? odd(2) : one({ kind: word === '--src-range' ? 'source' : 'destination', range, not })
    }
    case '--pkt-type':
      return one({ kind: 'packet-type', type: next(1), not })
    case '--pol':
      return one({ kind: 'policy', ipsec: next(1) === 'ipsec' })
    case '--dir':
      return one(null)
    case '--physdev-in':
    case '--physdev-out':
      return one({ kind: word === '--physdev-in' ? 'port-in' : 'port-out', port: next(1), not })
    case '--physdev-is-in':
    case '--physdev-is-out':
      return { match: { kind: word === '--physdev-is-in' ? 'port-in' : 'port-out', port: null, not }, words: 1 }
    case '--physdev-is-bridged':
      return { match: { kind: 'bridged', not }, words: 1 }
    default: {
      const takes = next(1) !== '' && !next(1).startsWith('-') && next(1) !== '!'
      return odd(takes ? 2 : 1)
    }
  }
}

function marked(kind: 'mark' | 'connmark', text: string, not: boolean): Match {
  const [value = '0', mask] = text.split('/')
  return { kind, value: Number(value) >>> 0, mask: mask === undefined ? 0xffffffff : Number(mask) >>> 0, not }
}

/** `80`, `8000:8080`, `22,80,443:450`. Null for service names and nonsense. */
function portRanges(text: string): readonly (readonly [number, number])[] | null {
  const ranges = text.split(',').map((part): readonly [number, number] => {
    const [first = '', last = first] = part.split(':')
    return [first === '' ? 0 : Number(first), last === '' ? 65535 : Number(last)]
  })
  return ranges.every(([first, last]) => Number.isInteger(first) && Number.isInteger(last)) ? ranges : null
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
  if (!text.includes('"')) return text.split(' ').filter((word) => word !== '')
  const words: string[] = []
  for (const [, quoted, bare] of text.matchAll(/"((?:[^"\\]|\\.)*)"?|(\S+)/g))
    words.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll(/\\(.)/g, '$1'))
  return words
}
