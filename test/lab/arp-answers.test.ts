import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ChildProcess } from 'node:child_process'
import { parseAddress } from '../../src/net/address.ts'
import { arpAnswer } from '../../src/node/arp-answer.ts'
import type { Answerer } from '../../src/node/trace/frame.ts'
import { segment, type Segment } from '../cli/watch/segment.ts'
import { stateOf } from './kernel/judge.ts'
import { cannotOpen } from './kernel/lab.ts'

// What rules do with a question by ARP and its answer, held against this kernel: a host asks, and is answered or not.

const reason = cannotOpen()
const where = reason === null ? describe : describe.skip // the name says why
const why = reason === null ? '' : ` (skipped: ${reason})`

/**
 * The node has the first on an interface; for the second a program answers at a packet socket, as MetalLB's speaker does; the third one
 * announces again and again, as kube-vip does.
 */
const addresses: Readonly<Record<Answerer, string>> = {
  kernel: '10.0.0.101',
  'packet-socket': '10.0.0.102',
  unasked: '10.0.0.104',
}
const answerers = Object.keys(addresses) as Answerer[]

const program = `
import select, socket, sys
device, answered, announced = sys.argv[1], *map(socket.inet_aton, sys.argv[2:])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
link.bind((device, 0x0806))
mac = link.getsockname()[4]
everybody = b'\\xff' * 6
def reply(to, of, target):
    try:
        link.send(to + mac + b'\\x08\\x06\\x00\\x01\\x08\\x00\\x06\\x04\\x00\\x02' + mac + of + target)
    except OSError:
        pass  # a rule at egress refuses it
print('ready', flush=True)
while True:
    heard, _, _ = select.select([link], [], [], 0.1)
    if not heard:
        reply(everybody, announced, everybody + announced)
        continue
    frame = link.recv(1500)
    if frame[20:22] == b'\\x00\\x01' and frame[38:42] == answered:
        reply(frame[6:12], answered, frame[22:32])
`

/** Of chains of a device nft 1.0.6 prints no device in JSON: there the tracer is in doubt, which is never wrong. */
const cases: readonly (readonly [what: string, rules: string])[] = [
  ['no rule', ''],
  [
    'arptables -A INPUT -d ADDRESS -j DROP',
    'table arp filter { chain INPUT { type filter hook input priority 0; arp htype 1 arp hlen 6 arp plen 4 arp daddr ip { 10.0.0.101, 10.0.0.102 } drop; }; }',
  ],
  [
    'arptables -A OUTPUT -s ADDRESS -j DROP',
    'table arp filter { chain OUTPUT { type filter hook output priority 0; arp operation reply arp saddr ip { 10.0.0.101, 10.0.0.102 } drop; }; }',
  ],
  [
    'a policy for what goes out by ARP',
    'table arp filter { chain OUTPUT { type filter hook output priority 0; policy drop; }; }',
  ],
  [
    'another address',
    'table arp filter { chain INPUT { type filter hook input priority 0; arp daddr ip 10.0.0.103 drop; }; }',
  ],
  [
    'answers that come in',
    'table arp filter { chain INPUT { type filter hook input priority 0; arp operation reply drop; }; }',
  ],
  [
    'a device’s ingress',
    'table netdev site { chain in { type filter hook ingress device eth0 priority 0; ether type arp drop; }; }',
  ],
  [
    'a device’s egress',
    'table netdev site { chain out { type filter hook egress device eth0 priority 0; arp operation reply drop; }; }',
  ],
  ['a bridge’s input', 'table bridge site { chain in { type filter hook input priority 0; ether type arp drop; }; }'],
  [
    'a bridge’s prerouting, by who is asked for',
    'table bridge site { chain in { type filter hook prerouting priority 0; arp daddr ip { 10.0.0.101, 10.0.0.102 } drop; }; }',
  ],
  [
    'a bridge’s output',
    'table bridge site { chain out { type filter hook output priority 0; ether type arp drop; }; }',
  ],
  ['what a bridge forwards', 'table bridge site { chain on { type filter hook forward priority 0; policy drop; }; }'],
]

where.each([
  ['a device', 'eth0'],
  ['a bridge', 'br0'],
] as const)(`the answer to a question that comes in by %s${why}`, (_, device) => {
  let lan: Segment
  let announcer: ChildProcess
  beforeAll(async () => {
    lan = segment(`arp-${device}`, { asker: ['10.0.0.1/24'], node: device === 'eth0' ? ['10.0.0.2/24'] : [] })
    const onNode = (command: string) => lan.run('node', ['sh', '-ec', command])
    if (device === 'br0')
      onNode(
        'ip link add br0 type bridge forward_delay 0; ip link set eth0 master br0; ip link set br0 up; ip address add 10.0.0.2/24 dev br0',
      )
    onNode(`ip address add ${addresses.kernel}/32 dev ${device}`)
    announcer = lan.start('node', [
      ...['python3', '-c', program, device, addresses['packet-socket'], addresses.unasked],
    ])
    await new Promise((resolve) => announcer.stdout?.once('data', resolve))
  })
  afterAll(() => {
    announcer.kill()
    lan.remove()
  })

  test.each(cases)('%s', (_what, rules) => {
    const printed = (...command: readonly string[]) => lan.run('node', command).stdout
    expect(lan.run('node', ['nft', `flush ruleset; ${rules}`])).toMatchObject({ code: 0 })
    const state = stateOf({
      'iptables-nft-save.txt': '',
      'ip-addr.json': printed('ip', '-j', 'addr'),
      'ip-link.json': printed('ip', '-j', '-d', 'link'),
      'ip-route.json': printed('ip', '-j', 'route', 'show', 'table', 'all'),
      'ip-rule.json': printed('ip', '-j', 'rule'),
      'nft-ruleset.json': printed('nft', '-j', 'list', 'ruleset'),
    })
    for (const by of answerers) {
      const address = parseAddress(addresses[by])
      if (address === null) throw new Error(`${addresses[by]} is no address`)
      const { kind } = arpAnswer(state, address, device, by)
      // A busy machine answers late; where nothing should answer, little is waited for it.
      const within = kind === 'open' ? '10' : '0.4'
      const asking = `until ip neigh show to ${address.text} | grep -q lladdr; do echo > /dev/udp/${address.text}/9; sleep 0.02; done`
      lan.run('asker', ['ip', 'neigh', 'flush', 'dev', 'eth0'])
      const asked = lan.run('asker', ['timeout', within, 'bash', '-c', asking])
      const answer = asked.code === 0 ? 'open' : 'shut'
      const said = rules.startsWith('table netdev') && answer === 'shut' ? 'unknown' : answer
      expect([by, kind, answer]).toEqual([by, said, answer])
    }
  })
})
