import { parseCidrOrAddress, parseRange } from '../../net/range.ts'
import type { Match } from './iptables-rule.ts'

interface Read {
  readonly match: Match | null
  readonly words: number
}

/** One option with its arguments. */
export function option(word: string, next: (offset: number) => string, not: boolean, module: string): Read {
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
      if (next(1) === 'rpfilter') return reversePath(next)
      if (next(1) === 'socket') return socket(next, not)
      // The module's own options say what it asks. A module that is not known may be a question by itself.
      return known.has(next(1)) ? one(null) : odd(2)
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
    case '--ctorigsrc':
    case '--ctorigdst': {
      const range = parseCidrOrAddress(next(1))
      const kind = word === '--ctorigsrc' ? 'original-source' : 'original-destination'
      return range === null ? odd(2) : one({ kind, range, not })
    }
    case '--ctorigsrcport':
    case '--ctorigdstport': {
      const ports = portRanges(next(1))
      const kind = word === '--ctorigsrcport' ? 'original-source-port' : 'original-port'
      return ports === null ? odd(2) : one({ kind, ports, not })
    }
    case '--limit':
    case '--hashlimit-upto':
      return one({ kind: 'first', holds: true, not })
    case '--hashlimit-above':
    case '--helper':
      return one({ kind: 'first', holds: false, not })
    case '--connlimit-upto':
    case '--connlimit-above': {
      // The connection that begins is counted: it is the first.
      const within = Number(next(1)) >= 1
      return one({ kind: 'first', holds: word === '--connlimit-upto' ? within : !within, not })
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
    case '--hashlimit-burst':
    case '--hashlimit-mode':
    case '--hashlimit-name':
    case '--hashlimit-srcmask':
    case '--hashlimit-dstmask':
    case '--hashlimit-htable-size':
    case '--hashlimit-htable-max':
    case '--hashlimit-htable-expire':
    case '--hashlimit-htable-gcinterval':
    case '--hashlimit-rate-interval':
    case '--connlimit-mask':
      return one(null)
    case '--rsource':
    case '--rdest':
    case '--reap':
    case '--rttl':
    case '--hashlimit-rate-match':
    case '--connlimit-saddr':
    case '--connlimit-daddr':
      return { match: null, words: 1 }
    case '--set':
      return { match: { kind: 'first', holds: true, not }, words: 1 }
    case '--rcheck':
    case '--update':
    case '--remove':
      return { match: { kind: 'first', holds: false, not }, words: 1 }
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

/** Modules that ask nothing but what their options say, and whose options are read. */
const known: ReadonlySet<string> = new Set([
  ...['tcp', 'udp', 'sctp', 'dccp', 'udplite', 'icmp', 'icmp6', 'multiport', 'comment', 'nfacct'],
  ...['mark', 'connmark', 'state', 'conntrack', 'addrtype', 'iprange', 'pkttype', 'physdev', 'policy', 'set'],
  ...['statistic', 'recent', 'limit', 'hashlimit', 'connlimit', 'helper'],
])

/** Flags that follow a module which asks by itself. */
function flagsBehind(next: (offset: number) => string, flag: RegExp): readonly string[] {
  const flags: string[] = []
  while (flag.test(next(flags.length + 2))) flags.push(next(flags.length + 2))
  return flags
}

/** `-m socket` (Linux net/netfilter/xt_socket.c). */
function socket(next: (offset: number) => string, not: boolean): Read {
  const flags = flagsBehind(next, /^--(?:transparent|nowildcard)$/)
  return {
    match: {
      kind: 'socket',
      transparent: flags.includes('--transparent'),
      wildcards: flags.includes('--nowildcard'),
      not,
    },
    words: 2 + flags.length,
  }
}

/** `-m rpfilter` asks by itself; its flags follow. */
function reversePath(next: (offset: number) => string): Read {
  const flags = flagsBehind(next, /^--(?:loose|validmark|accept-local|invert)$/)
  return {
    match: {
      kind: 'reverse-path',
      loose: flags.includes('--loose'),
      validMark: flags.includes('--validmark'),
      acceptLocal: flags.includes('--accept-local'),
      not: flags.includes('--invert'),
    },
    words: 2 + flags.length,
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
