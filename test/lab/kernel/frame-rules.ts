import fc from 'fast-check'
import { destinations, ports } from './packets.ts'

type Text = fc.Arbitrary<string>
const pick = (...texts: readonly string[]): Text => fc.constantFrom(...texts)

const matches: Text = fc.oneof(
  fc
    .tuple(pick('ip saddr', 'ip daddr'), pick('', '!= '), pick(...destinations, '10.200.1.0/24'))
    .map((words) => words.join(' ')),
  fc.tuple(pick('tcp dport', 'udp dport'), pick(...ports.map(String))).map((words) => words.join(' ')),
  pick('ether type arp', 'ether type ip', 'ether type { ip, arp }', 'meta protocol ip', 'meta protocol != ip'),
  pick('meta l4proto udp', 'meta l4proto { tcp, udp }', 'arp operation request', 'ip6 daddr ::1', 'meta mark 0x1'),
)
const verdicts: Text = pick('drop', 'drop', 'accept', 'return', 'meta mark set 0x1', 'counter')
const rules: Text = fc
  .array(
    fc.tuple(fc.array(matches, { maxLength: 1 }), verdicts).map(([asks, end]) => `    ${[...asks, end].join(' ')}`),
    { minLength: 1, maxLength: 3 },
  )
  .map((lines) => lines.join('\n'))

/** What the node answers must come out whatever the rules are, or a refusal could not be seen. */
const answersPass = '    ip protocol icmp accept\n    tcp flags & rst == rst accept'

const chain = (name: string, hook: Text, priorities: readonly string[]): Text =>
  fc
    .tuple(hook, pick(...priorities), rules)
    .map(
      ([at, priority, lines]) =>
        `  chain ${name} {\n    type filter hook ${at} priority ${priority};\n${answersPass}\n${lines}\n  }`,
    )

const bridgeHooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const
const bridge: Text = fc
  .tuple(
    fc.subarray([...bridgeHooks.keys()], { minLength: 1, maxLength: 3 }),
    fc.tuple(...bridgeHooks.map((hook) => chain(hook, pick(hook), ['-300', '-200', '100', '300']))),
  )
  .map(([wanted, all]) => `table bridge frames {\n${wanted.map((index) => all[index]).join('\n')}\n}\n`)

const device = pick('eth0', 'eth1', 'cni0')
const atDevice = (family: string, hook: string): Text =>
  chain(
    'device',
    device.map((name) => `${hook} device "${name}"`),
    ['-500', '0', '100'],
  ).map((text) => `table ${family} devices {\n${text}\n}\n`)
/** Every neighbour is known in the laboratory: nobody is asked, so nothing of this stops a packet. */
const arp: Text = chain('asks', pick('input', 'output'), ['0']).map(
  () => 'table arp asks {\n  chain out {\n    type filter hook output priority 0; policy drop;\n  }\n}\n',
)

/** Tables that look at frames: of a bridge, of a device, of the questions for hardware addresses. */
export const frameRules: Text = fc.oneof(
  { weight: 4, arbitrary: bridge },
  { weight: 2, arbitrary: atDevice('netdev', 'ingress') },
  { weight: 1, arbitrary: atDevice('netdev', 'egress') },
  { weight: 1, arbitrary: atDevice('inet', 'ingress') },
  { weight: 1, arbitrary: arp },
)
