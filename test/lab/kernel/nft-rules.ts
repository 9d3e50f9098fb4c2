import fc from 'fast-check'
import { destinations, ports, sourcePorts } from './packets.ts'

type Text = fc.Arbitrary<string>
const pick = (...texts: readonly string[]): Text => fc.constantFrom(...texts)

const prefixes = ['10.0.0.0/24', '10.200.0.0/16', '10.200.1.0/24', '0.0.0.0/1', '10.0.0.100/31']
const sources = ['10.0.0.50', '10.0.0.1', '10.200.1.2', '10.200.1.3', '192.0.2.7', '10.200.1.2-10.200.1.9']
const port = fc.constantFrom(...ports).map(String)
const sourceRange = fc.constantFrom(...sourcePorts).map((first) => `${String(first)}-${String(first + 15_999)}`)
const oneOrMore = (one: Text): Text =>
  fc.oneof(
    one,
    fc.uniqueArray(one, { minLength: 2, maxLength: 3 }).map((list) => `{ ${list.join(', ')} }`),
  )
const not = pick('', '', '', '!= ')
const asked = (left: Text, right: Text): Text =>
  fc.tuple(left, not, right).map(([one, no, other]) => `${one} ${no}${other}`)

/** Sets and maps that rules look things up in. */
const sets = `
  set addresses { type ipv4_addr; elements = { 10.0.0.100, 10.0.0.50, 10.200.1.2 } }
  set networks { type ipv4_addr; flags interval; elements = { 10.0.0.0/25, 10.200.1.0/24, 192.0.2.1-192.0.2.9 } }
  set services { type ipv4_addr . inet_proto . inet_service; elements = { 10.0.0.100 . tcp . 80, 10.0.0.1 . udp . 53 } }
  set nobody { type ipv4_addr; }
  set hairpins { type ipv4_addr . ipv4_addr . inet_proto . inet_service; elements = { 10.200.1.2 . 10.200.1.2 . tcp . 8080, 10.200.1.3 . 10.200.1.3 . udp . 53 } }
  set remembered { type ipv4_addr; flags dynamic,timeout; timeout 10800s; }
  counter rejected { }
  map verdicts { type ipv4_addr . inet_proto . inet_service : verdict; elements = { 10.0.0.100 . tcp . 80 : goto first, 10.0.0.100 . udp . 53 : drop, 10.200.1.2 . tcp . 8080 : jump second } }
  map portals { type inet_proto . inet_service : verdict; elements = { tcp . 80 : goto second, udp . 443 : accept, tcp . 30080 : jump first } }
  map backends { type ipv4_addr : ipv4_addr; elements = { 10.0.0.100 : 10.200.1.2, 10.0.0.101 : 10.200.2.3 } }
  map ends { type ipv4_addr . inet_service : ipv4_addr . inet_service; elements = { 10.0.0.100 . 80 : 10.200.1.3 . 8080, 10.0.0.100 . 443 : 10.200.1.2 . 80 } }`

const matches: Text = fc.oneof(
  asked(pick('ip saddr'), pick(...sources, ...prefixes)),
  asked(pick('ip daddr'), pick(...destinations, ...prefixes)),
  asked(
    pick('ip daddr'),
    pick('{ 10.0.0.100, 10.0.0.1 }', '{ 10.0.0.0/24, 10.200.1.3 }', '@addresses', '@networks', '@nobody'),
  ),
  asked(pick('ip saddr'), pick('@addresses', '@networks', '@nobody')),
  asked(pick('tcp dport', 'tcp dport', 'udp dport', 'th dport'), oneOrMore(port)),
  asked(pick('tcp sport', 'udp sport'), oneOrMore(sourceRange)),
  pick('tcp dport 50-100', 'tcp dport > 443', 'udp dport <= 53', 'tcp dport != 80-443'),
  asked(pick('meta l4proto', 'ip protocol'), pick('tcp', 'udp', '{ tcp, udp }', 'icmp')),
  asked(pick('iifname'), pick('"eth0"', '"cni0"', '"eth*"', '"lo"', '{ "eth1", "cni0" }')),
  asked(pick('meta mark'), pick('0x1', '0x0', '0x4000')),
  pick(
    'meta mark & 0x4000 == 0x4000',
    'meta mark & 0x4000 != 0x4000',
    'meta mark & 0xff == 0x3',
    'meta mark and 0x10 == 0',
  ),
  asked(
    pick('ct state'),
    pick('new', 'established,related', 'invalid', 'untracked', 'new,untracked', '{ new, invalid }'),
  ),
  pick(
    'ct status dnat',
    'ct direction original',
    'ct direction != original',
    'ct mark 0x1',
    'ct mark != 0x1',
    'ct mark & 0x4000 == 0',
  ),
  asked(pick('fib daddr type'), pick('local', 'unicast', '{ local, broadcast }', 'blackhole')),
  asked(pick('fib saddr type'), pick('local', 'unicast')),
  asked(
    pick('ip daddr . meta l4proto . th dport'),
    pick('@services', '{ 10.200.1.2 . tcp . 8080, 10.0.0.101 . udp . 443 }'),
  ),
  asked(pick('meta pkttype'), pick('unicast', 'broadcast')),
  pick(
    'tcp flags syn',
    'tcp flags & (syn | ack) == syn',
    'tcp flags & (fin | syn | rst | ack) == syn',
    'tcp flags ack',
  ),
  asked(pick('ct original ip daddr'), pick('10.0.0.100', '10.0.0.0/24')),
  pick(
    'fib daddr type local ip daddr != 127.0.0.0/8',
    'ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpins',
  ),
)

const rejects = [
  ...['port-unreachable', 'host-unreachable', 'net-unreachable', 'prot-unreachable', 'net-prohibited'],
  ...['host-prohibited', 'admin-prohibited'],
].map((kind) => `reject with icmp ${kind}`)
const marking = [
  ...[
    'meta mark set 0x1',
    'meta mark set meta mark | 0x4000',
    'meta mark set meta mark ^ 0x4000',
    'meta mark set ct mark',
  ],
  ...['ct mark set meta mark', 'ct mark set 0x4000', 'meta mark set meta mark and 0xffffbfff or 0x10', 'counter'],
  'update @remembered { ip saddr }',
]
const verdicts = [
  ...['accept', 'drop', 'return', 'return', ...rejects, 'reject', 'meta l4proto tcp reject with tcp reset'],
  'counter name rejected reject',
]
const lookUps = [
  'ip daddr . meta l4proto . th dport vmap @verdicts',
  'meta l4proto . th dport vmap @portals',
  'ip saddr vmap { 10.0.0.50 : drop, 10.200.1.0/24 : return }',
  'tcp dport vmap { 80 : jump second, 443-8080 : accept }',
  'numgen random mod 2 vmap { 0 : drop, 1 : accept }',
  'numgen inc mod 5 offset 10 vmap { 10-12 : drop, 13 : accept }',
  'ip saddr vmap { 10.0.0.50 : drop, * : return }',
  'jhash ip saddr mod 2 vmap { 0 : drop, 1 : accept }',
]
const dnats = [
  ...['10.200.1.2:8080', '10.200.1.3:80', '10.0.0.50:53', '10.200.2.3:80'].flatMap((to) => [
    `meta l4proto tcp dnat ip to ${to}`,
    `meta l4proto udp dnat ip to ${to}`,
  ]),
  ...['dnat ip to 10.200.1.3', 'dnat ip to 10.0.0.1', 'dnat ip to 10.200.1.2-10.200.1.3'],
  // kube-proxy from 1.36 on
  'meta l4proto tcp dnat ip addr . port to numgen random mod 1 map { 0 : 10.200.2.3 . 8080 }',
  'meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.200.1.2 . 8080, 1 : 10.200.1.3 . 80 }',
  'meta l4proto udp dnat ip addr . port to numgen random mod 2 map { 0 : 10.200.1.2 . 53, 1 : 10.200.2.3 . 53 }',
  'meta l4proto tcp dnat ip addr . port to 10.200.2.3 . 8080',
  // others
  'meta l4proto tcp dnat ip addr . port to numgen random mod 3 map { 0 : 10.200.1.2 . 8080, 2 : 10.200.1.3 . 80 }',
  'meta l4proto tcp dnat ip addr . port to ip daddr . tcp dport map @ends',
  'meta l4proto tcp dnat ip to 10.200.1.3:8080-8082',
  'meta l4proto tcp dnat ip to ip daddr map @backends : tcp dport map { 80 : 8080, 443 : 80 }',
  'dnat ip to ip daddr map @backends',
  'dnat ip to ip saddr map { 10.0.0.50 : 10.200.1.2, 10.200.1.0/24 : 10.200.2.3 }',
  'dnat ip to jhash ip saddr mod 2 map { 0 : 10.200.1.2, 1 : 10.200.1.3 }',
  'dnat ip prefix to ip daddr map { 10.0.0.0/24 : 10.200.2.0/24 }',
]
const redirects = ['tcp dport 1-65535 redirect to :8080', 'redirect']
const snats = [
  ...['masquerade', 'masquerade fully-random', 'snat ip to 10.0.0.2', 'snat ip to 10.1.0.1'],
  'meta mark & 0x4000 != 0 meta mark set meta mark ^ 0x4000 masquerade fully-random',
  'snat ip to 10.1.0.1-10.1.0.3',
  'snat ip to ip daddr map { 10.200.1.2 : 10.0.0.2, 10.200.1.3 : 10.1.0.1 }',
  'meta l4proto tcp snat ip to 10.0.0.2:20000-30000',
]
const calls = ['jump first', 'jump second', 'goto first', 'goto second']

interface Base {
  readonly name: string
  readonly type: 'filter' | 'nat' | 'route'
  readonly hook: string
  readonly priorities: readonly string[]
  readonly last: readonly string[]
}
const filtering = [...verdicts, ...marking, ...lookUps, ...calls, ...calls]
const bases: readonly Base[] = [
  {
    name: 'early',
    type: 'filter',
    hook: 'prerouting',
    priorities: ['raw', '-110', 'mangle'],
    last: [...filtering, 'notrack'],
  },
  { name: 'in', type: 'filter', hook: 'input', priorities: ['filter', '-5', 'mangle'], last: filtering },
  { name: 'through', type: 'filter', hook: 'forward', priorities: ['filter', 'mangle'], last: filtering },
  { name: 'out', type: 'filter', hook: 'output', priorities: ['filter', 'raw', '-110'], last: filtering },
  { name: 'again', type: 'route', hook: 'output', priorities: ['mangle'], last: [...marking, ...calls, 'accept'] },
  {
    name: 'late',
    type: 'filter',
    hook: 'postrouting',
    priorities: ['mangle', '50'],
    last: [...marking, 'accept', 'drop', 'return', 'jump second'],
  },
  {
    name: 'to',
    type: 'nat',
    hook: 'prerouting',
    priorities: ['dstnat', '-90'],
    last: [...dnats, ...redirects, 'accept', ...lookUps.slice(0, 2), 'jump portal', 'goto portal'],
  },
  {
    name: 'own',
    type: 'nat',
    hook: 'output',
    priorities: ['-100', '-90'],
    last: [...dnats, ...redirects, 'accept', 'jump portal', 'goto portal'],
  },
  {
    name: 'from',
    type: 'nat',
    hook: 'postrouting',
    priorities: ['srcnat', '110'],
    last: [...snats, 'accept', 'return'],
  },
]

const rule = (last: readonly string[]): Text =>
  fc.tuple(fc.array(matches, { maxLength: 2 }), pick(...last)).map(([asks, end]) => {
    const whole = [...asks, end].join(' ')
    // nft refuses a rule that asks for two protocols at once.
    return `    ${/\btcp\b/.test(whole) && /\b(udp|icmp)\b/.test(whole) ? end : whole}`
  })
const rules = (last: readonly string[]): Text =>
  fc.array(rule(last), { minLength: 1, maxLength: 4 }).map((lines) => lines.join('\n'))

/** What the node answers must come out whatever the rules are, or a refusal could not be seen. */
const answersPass = '    ip protocol icmp accept\n    tcp flags & rst == rst accept'

const base = ({ name, type, hook, priorities, last }: Base): Text =>
  fc
    .tuple(pick(...priorities), fc.nat(9), rules(last))
    .map(([priority, drops, lines]) =>
      [
        `  chain ${name} {`,
        `    type ${type} hook ${hook} priority ${priority}; policy ${type === 'filter' && drops === 0 ? 'drop' : 'accept'};`,
        ...(type === 'nat' ? [] : [answersPass]),
        lines,
        '  }',
      ].join('\n'),
    )

const own = (name: string, last: readonly string[]): Text =>
  rules(last).map((lines) => `  chain ${name} {\n${lines}\n  }`)

/** A ruleset as `nft -f` reads it: one native table with some of the base chains. */
export const nftRules: Text = fc
  .tuple(
    pick('ip', 'inet'),
    own('second', [...verdicts.slice(0, 4), ...marking]),
    own('first', [...verdicts, ...marking, 'jump second', 'goto second']),
    own('portal', [...dnats, 'return', ...marking]),
    fc.subarray([...bases.keys()], { minLength: 2, maxLength: 5 }),
    fc.tuple(...bases.map(base)),
  )
  .map(([family, second, first, portal, wanted, all]) => {
    const chosen = wanted.map((index) => all[index] ?? '')
    // A chain that translates is checked against the hooks that reach it: it stands only where one does.
    const chains = [second, first, ...(chosen.some((text) => text.includes(' portal')) ? [portal] : []), ...chosen]
    return [`table ${family} lab {`, sets, ...chains, '}', ''].join('\n')
  })
