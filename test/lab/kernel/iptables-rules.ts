import fc from 'fast-check'
import { destinations, ports, sourcePorts } from './packets.ts'

type Text = fc.Arbitrary<string>
const pick = (...texts: readonly string[]): Text => fc.constantFrom(...texts)
const negated = (option: Text): Text =>
  fc.tuple(fc.boolean(), fc.boolean(), option).map(([one, two, text]) => (one && two ? `! ${text}` : text))

const prefixes = ['10.0.0.0/24', '10.200.0.0/16', '10.200.1.0/24', '0.0.0.0/1', '192.0.2.0/24', '10.0.0.100/31']
const sourceAddresses = [
  '10.0.0.50',
  '10.0.0.1',
  '10.200.1.2',
  '10.200.1.3',
  '192.0.2.7',
  '10.200.2.3',
  '10.0.0.50/255.0.255.255',
]

const portText = fc.oneof(
  fc.constantFrom(...ports).map(String),
  fc.tuple(fc.constantFrom(...ports), fc.nat(400)).map(([first, more]) => `${String(first)}:${String(first + more)}`),
  pick('0:100', '1000:65535'),
)
const sourcePortText = fc.constantFrom(...sourcePorts).map((first) => `${String(first)}:${String(first + 15_999)}`)
const marks = pick('0x1', '0x0', '0x10/0x10', '0x4000/0x4000', '0x3/0xff', '0x0/0x4000')

/** A condition that asks for TCP or UDP ports: the protocol must stand before it. */
const portMatch: Text = fc
  .tuple(
    pick('tcp', 'tcp', 'udp'),
    fc.oneof(
      negated(portText.map((text) => `--dport ${text}`)).map((text) => `OWN ${text}`),
      negated(sourcePortText.map((text) => `--sport ${text}`)).map((text) => `OWN ${text}`),
      fc
        .tuple(
          negated(pick('--dports', '--dports', '--ports')),
          fc.uniqueArray(portText, { minLength: 1, maxLength: 3 }),
        )
        .map(([option, list]) => `-m multiport ${option} ${list.join(',')}`),
      negated(sourcePortText.map((text) => `--sports ${text}`)).map((text) => `-m multiport ${text}`),
      pick('OWN'),
    ),
  )
  .map(([protocol, text]) => `-p ${protocol} ${text.replace('OWN', `-m ${protocol}`)}`)

/** A condition that may stand in any chain. */
const anyMatch: readonly Text[] = [
  negated(pick(...sourceAddresses, ...prefixes).map((text) => `-s ${text}`)),
  negated(pick(...destinations, ...prefixes).map((text) => `-d ${text}`)),
  portMatch,
  portMatch,
  negated(pick('-p tcp', '-p udp', '-p 17', '-p icmp')),
  pick(
    '-p tcp -m tcp --syn',
    '-p tcp -m tcp ! --syn',
    '-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK',
    '-p tcp -m tcp --tcp-flags ALL SYN',
  ),
  negated(
    pick('--src-range 10.0.0.40-10.0.0.60', '--dst-range 10.0.0.100-10.0.0.101', '--dst-range 10.200.1.2-10.200.2.9'),
  ).map((text) => `-m iprange ${text}`),
  negated(marks.map((text) => `--mark ${text}`)).map((text) => `-m mark ${text}`),
  negated(marks.map((text) => `--mark ${text}`)).map((text) => `-m connmark ${text}`),
  negated(
    fc
      .tuple(
        pick('--dst-type', '--dst-type', '--src-type'),
        pick('LOCAL', 'UNICAST', 'LOCAL,BROADCAST', 'UNREACHABLE', 'BLACKHOLE'),
      )
      .map((both) => both.join(' ')),
  ).map((text) => `-m addrtype ${text}`),
  negated(
    pick('NEW', 'DNAT', 'ESTABLISHED,RELATED', 'NEW,DNAT', 'SNAT', 'UNTRACKED', 'INVALID', 'INVALID,NEW,UNTRACKED').map(
      (text) => `--ctstate ${text}`,
    ),
  ).map((text) => `-m conntrack ${text}`),
  negated(
    pick(
      ...[
        '--ctorigdst 10.0.0.100',
        '--ctorigdst 10.0.0.0/24',
        '--ctorigdstport 80',
        '--ctdir ORIGINAL',
        '--ctdir REPLY',
      ],
      ...[
        '--ctproto 6',
        '--ctproto 17',
        '--ctorigsrc 10.0.0.0/24',
        '--ctorigsrcport 1024:17023',
        '--ctstatus NONE',
        '--ctstatus SEEN_REPLY',
      ],
      ...['--ctstatus CONFIRMED', '--ctreplsrc 10.200.1.0/24', '--ctrepldst 10.0.0.50'],
    ).filter((text) => !text.includes('--ctdir')),
  ).map((text) => `-m conntrack ${text}`),
  pick('-m conntrack --ctdir ORIGINAL', '-m conntrack --ctdir REPLY'),
  negated(
    pick(
      ...[
        'S1 dst',
        'S1 src',
        'S2 dst,dst',
        'S3 src',
        'S3 dst',
        'S4 dst',
        'S5 dst,dst,src',
        'S6 src',
        'S7 dst,dst',
        'S8 dst',
      ],
    ).map((text) => `--match-set ${text}`),
  ).map((text) => `-m set ${text}`),
  pick(
    ...['-m statistic --mode random --probability 0.5', '-m statistic --mode random --probability 0.25'],
    ...['-m statistic --mode random ! --probability 0.3', '-m statistic --mode nth --every 2 --packet 0'],
  ),
  pick('-m pkttype --pkt-type unicast', '-m pkttype ! --pkt-type unicast', '-m pkttype --pkt-type broadcast'),
  pick('-m physdev ! --physdev-is-bridged', '-m physdev --physdev-in vp2', '-m physdev ! --physdev-in vp2'),
  pick('-m comment --comment "it is \\"this\\" -j DROP"', '-m comment --comment plain'),
  pick('-m state --state NEW', '-m state ! --state NEW'),
  // What a first packet settles: the limits are wider than all that is sent here.
  pick(
    ...['-m limit --limit 9000/sec --limit-burst 9000', '-m helper --helper ftp', '-m helper ! --helper ftp'],
    '-m hashlimit --hashlimit-upto 9000/sec --hashlimit-burst 9000 --hashlimit-mode srcip --hashlimit-name h1',
    '-m hashlimit --hashlimit-above 9000/sec --hashlimit-burst 9000 --hashlimit-mode srcip,dstport --hashlimit-name h2',
    ...[
      '-m connlimit --connlimit-upto 60000 --connlimit-mask 32',
      '-m connlimit --connlimit-above 60000 --connlimit-daddr',
    ],
    ...['-m connlimit --connlimit-above 0', '-m recent --rcheck --name nobody', '-m recent ! --rcheck --name nobody'],
  ),
]

// `! -i +` matches nothing, but iptables-legacy-save leaves it out of its dump (iptables.c, print_iface): it is not generated.
const inMatch = fc.oneof(negated(pick('-i eth0', '-i cni0', '-i eth+', '-i lo', '-i eth1')), pick('-i +'))
const outMatch = negated(pick('-o eth0', '-o cni0', '-o eth+', '-o lo', '-o eth1'))

/** Sets of the kinds that kube-proxy and CNI plugins make. */
export const ipset = [
  'create S1 hash:ip family inet hashsize 1024 maxelem 65536',
  'add S1 10.0.0.100',
  'add S1 10.0.0.50',
  'add S1 10.200.1.2',
  'create S2 hash:ip,port family inet hashsize 1024 maxelem 65536',
  'add S2 10.0.0.100,tcp:80',
  'add S2 10.0.0.1,udp:53',
  'add S2 10.200.1.2,tcp:8080',
  'create S3 hash:net family inet hashsize 1024 maxelem 65536',
  'add S3 10.0.0.0/24',
  'add S3 10.0.0.100/31 nomatch',
  'add S3 10.0.0.101/32',
  'add S3 10.200.0.0/16',
  'create S4 bitmap:port range 0-65535',
  'add S4 80',
  'add S4 30080',
  'create S5 hash:ip,port,ip family inet hashsize 1024 maxelem 65536',
  'add S5 10.200.1.2,tcp:8080,10.200.1.2',
  'add S5 10.0.0.100,tcp:80,10.0.0.50',
  'create S6 hash:ip family inet hashsize 1024 maxelem 65536',
  'create S7 hash:net,port family inet hashsize 1024 maxelem 65536',
  'add S7 10.0.0.0/24,tcp:80',
  'add S7 10.200.1.0/24,udp:53',
  'create S8 list:set size 8',
  'add S8 S1',
  'add S8 S3',
  '',
].join('\n')

interface Place {
  readonly chain: string
  readonly targets: Text
  readonly more: readonly Text[]
}

/** `-p tcp` may stand once in a rule. */
function ruleText(chain: string, matches: readonly string[], target: string): string {
  const [asked] = matches.filter((text) => /(^|! )-p /.test(text))
  const kept = matches.filter((text) => text === asked || !/(^|! )-p /.test(text))
  const options = kept.map((text) => /^(! )?-([sdio]) /.exec(text)?.[2] ?? text)
  const own = kept.filter((_, index) => options.indexOf(options[index] ?? '') === index)
  return ['-A', chain, ...own, ...(target === '' ? [] : [target])].join(' ')
}

const needsTcp = '--reject-with tcp-reset'
const needsPorts = /(--to-destination \S*:\d|--to-ports)/

function rule({ chain, targets, more }: Place): Text {
  return fc
    .tuple(fc.array(fc.oneof(...anyMatch, ...more), { maxLength: 2 }), targets, pick('tcp', 'tcp', 'udp'))
    .map(([matches, target, protocol]) => {
      const asked = target.includes(needsTcp) ? 'tcp' : needsPorts.test(target) ? protocol : null
      if (asked === null) return ruleText(chain, matches, target)
      return ruleText(chain, [`-p ${asked}`, ...matches.filter((text) => !/(^|! )-p /.test(text))], target)
    })
}

const rejects = [
  ...['icmp-port-unreachable', 'icmp-host-unreachable', 'icmp-net-unreachable', 'icmp-proto-unreachable'],
  ...['icmp-net-prohibited', 'icmp-host-prohibited', 'icmp-admin-prohibited', 'tcp-reset'],
].map((kind) => `-j REJECT --reject-with ${kind}`)
const marking = [
  ...['-j MARK --set-xmark 0x1/0xffffffff', '-j MARK --set-xmark 0x10/0x10', '-j MARK --set-xmark 0x4000/0x4000'],
  ...[
    '-j MARK --set-xmark 0x4000/0x0',
    '-j CONNMARK --save-mark',
    '-j CONNMARK --restore-mark',
    '-j MARK --and-mark 0xff',
  ],
  ...['-j CONNMARK --set-xmark 0x4000/0x4000', '-j MARK --or-mark 0x3', ''],
]
const verdicts = ['-j ACCEPT', '-j DROP', '-j RETURN', '-j RETURN']
const dnats = [
  ...[
    '10.200.1.2:8080',
    '10.200.1.3',
    '10.200.2.3:80',
    '10.0.0.1',
    '10.200.1.2-10.200.1.3',
    '10.0.0.50:53',
    '10.200.1.3:8080-8082',
  ],
].map((to) => `-j DNAT --to-destination ${to}`)
const redirects = ['-j REDIRECT --to-ports 8080', '-j REDIRECT']
const sources = [
  '-j MASQUERADE',
  '-j MASQUERADE --random-fully',
  '-j SNAT --to-source 10.0.0.2',
  '-j SNAT --to-source 10.1.0.1',
  '-j SNAT --to-source 10.1.0.1-10.1.0.3',
]

const calls = (...chains: readonly string[]): string[] =>
  chains.flatMap((chain) => [`-j ${chain}`, `-j ${chain}`, `-g ${chain}`])

interface TableShape {
  readonly name: string
  readonly builtin: readonly string[]
  readonly places: readonly Place[]
}

const ins = [inMatch]
const reversePath = pick(
  ...[
    '',
    ' --invert',
    ' --loose',
    ' --loose --invert',
    ' --validmark',
    ' --accept-local',
    ' --accept-local --invert',
  ].map((flags) => `-m rpfilter${flags}`),
)
const outs = [outMatch]
const both = [inMatch, outMatch]

const shapes: readonly TableShape[] = [
  {
    name: 'filter',
    builtin: ['INPUT', 'FORWARD', 'OUTPUT'],
    places: [
      { chain: 'INPUT', targets: pick(...verdicts, ...rejects, ...calls('F1', 'F2')), more: ins },
      { chain: 'FORWARD', targets: pick(...verdicts, ...rejects, ...calls('F1', 'F2')), more: both },
      { chain: 'OUTPUT', targets: pick(...verdicts, ...rejects, ...calls('F1', 'F2')), more: outs },
      { chain: 'F1', targets: pick(...verdicts, ...rejects, ...marking, ...calls('F2', 'F3')), more: [] },
      { chain: 'F2', targets: pick(...verdicts, ...marking, ...calls('F3')), more: [] },
      { chain: 'F3', targets: pick(...verdicts, ...rejects), more: [] },
    ],
  },
  {
    name: 'nat',
    builtin: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
    places: [
      {
        chain: 'PREROUTING',
        targets: pick(...dnats, ...redirects, '-j ACCEPT', '-j RETURN', ...calls('D1', 'D2')),
        more: ins,
      },
      {
        chain: 'OUTPUT',
        targets: pick(...dnats, ...redirects, '-j ACCEPT', '-j RETURN', ...calls('D1', 'D2')),
        more: outs,
      },
      { chain: 'POSTROUTING', targets: pick(...sources, '-j ACCEPT', '-j RETURN', ...calls('P1')), more: outs },
      { chain: 'INPUT', targets: pick('-j SNAT --to-source 10.9.9.9', '-j ACCEPT'), more: [] },
      { chain: 'D1', targets: pick(...dnats, ...marking, ...calls('D2'), '-j RETURN'), more: [] },
      { chain: 'D2', targets: pick(...dnats, ...redirects, ...marking, '-j RETURN', '-j ACCEPT'), more: [] },
      { chain: 'P1', targets: pick(...sources, ...marking, '-j RETURN'), more: [] },
    ],
  },
  {
    name: 'mangle',
    builtin: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
    places: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']
      .map((chain): Place => ({ chain, targets: pick(...marking, ...marking, ...verdicts, ...calls('M1')), more: [] }))
      .concat([{ chain: 'M1', targets: pick(...marking, '-j RETURN', '-j ACCEPT'), more: [] }]),
  },
  {
    name: 'raw',
    builtin: ['PREROUTING', 'OUTPUT'],
    places: [
      {
        chain: 'PREROUTING',
        targets: pick('-j NOTRACK', '-j CT --notrack', '-j ACCEPT', '-j DROP', ''),
        more: [...ins, reversePath],
      },
      { chain: 'OUTPUT', targets: pick('-j NOTRACK', '-j CT --notrack', '-j ACCEPT', ''), more: outs },
    ],
  },
]

/** What the node says about a packet (ICMP, resets) must come out whatever the rules are, or a refusal could not be seen. */
const answersPass = (chain: string): string[] => [
  `-A ${chain} -p icmp -j ACCEPT`,
  `-A ${chain} -p tcp -m tcp --tcp-flags RST RST -j ACCEPT`,
]

function table({ name, builtin, places }: TableShape): Text {
  const own = places.filter(({ chain }) => !builtin.includes(chain))
  const policies = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: builtin.length, maxLength: builtin.length })
  const rules = fc.array(fc.oneof(...places.map(rule), ...places.slice(0, builtin.length).map(rule)), {
    minLength: 1,
    maxLength: 14,
  })
  return fc
    .tuple(policies, rules)
    .map(([drops, lines]) =>
      [
        `*${name}`,
        ...builtin.map(
          (chain, index) =>
            `:${chain} ${name !== 'nat' && name !== 'raw' && drops[index] === 0 ? 'DROP' : 'ACCEPT'} [0:0]`,
        ),
        ...own.map(({ chain }) => `:${chain} - [0:0]`),
        ...(name === 'nat' ? [] : builtin.flatMap(answersPass)),
        ...lines,
        'COMMIT',
      ].join('\n'),
    )
}

/** A rule set as iptables-restore reads it: one to four tables. */
export const iptablesRules: Text = fc
  .tuple(fc.subarray([0, 1, 2, 3], { minLength: 1 }), ...shapes.map(table))
  .map(([wanted, ...tables]) => `${wanted.map((index) => tables[index] ?? '').join('\n')}\n`)
