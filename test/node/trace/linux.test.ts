import { expect, test } from '@jest/globals'
import type { NodeState } from '../../../src/node/node-state.ts'
import { parseIptablesSave } from '../../../src/evidence/node/iptables-save.ts'
import type { Start } from '../../../src/node/trace/start.ts'
import { tracePacket } from '../../../src/node/trace/trace.ts'
import { address, fates, plainNode, syn, withNative, withRules } from './world.ts'

// What a kernel (6.18) was seen to do with packets through these rules: test/lab/kernel finds such cases, each is one that was once traced wrong.

const podsBridge = ['vp2', 'vp3'].map((ifname) => ({
  ifname,
  master: 'cni0',
  linkinfo: { info_slave_kind: 'bridge', info_slave_data: { hairpin: false } },
}))
const bridged = (state: NodeState): NodeState => ({ ...state, links: podsBridge })
const fromPod: Partial<Start> = { source: address('10.200.1.2'), inDevice: 'cni0' }
const fromNode: Partial<Start> = { source: address('10.0.0.1'), inDevice: null }
const loopback = address('127.0.0.1')

test('in raw a packet is of no connection yet: it is INVALID, not NEW', () => {
  expect(fates(withRules('raw', '-A PREROUTING -m conntrack --ctstate NEW -j DROP'))).toEqual(['forwarded'])
  expect(fates(withRules('raw', '-A PREROUTING -m conntrack --ctstate INVALID -j DROP'))).toEqual(['dropped'])
})

test.each(['--ctorigdstport 80', '! --ctorigdstport 443', '--ctdir ORIGINAL', '--ctproto 6'])(
  'without a connection the question %s has the answer no',
  (question) => {
    expect(fates(withRules('raw', `-A PREROUTING -m conntrack ${question} -j DROP`))).toEqual(['forwarded'])
    expect(fates(withRules('mangle', `-A PREROUTING -m conntrack ${question} -j DROP`))).toEqual(['dropped'])
  },
)

test('a mark of the connection is neither kept nor found where there is no connection', () => {
  const state = withRules(
    'raw',
    '-A PREROUTING -j CONNMARK --set-xmark 0x1/0xffffffff',
    '-A PREROUTING -m connmark ! --mark 0x1 -j DROP',
  )
  expect(fates(state)).toEqual(['forwarded'])
})

test('what comes over a bridge has a port that it came in by; which one is not known', () => {
  const state = (match: string) => bridged(withRules('raw', `-A PREROUTING -m physdev ${match} -j DROP`))
  expect(fates(state('--physdev-in vp+'), fromPod)).toEqual(['dropped'])
  expect(fates(state('--physdev-in eth+'), fromPod)).toEqual(['forwarded'])
  expect(fates(state('--physdev-in vp2'), fromPod)).toEqual(['dropped? 50 %', 'forwarded? 50 %'])
  expect(fates(state('--physdev-is-in'))).toEqual(['forwarded'])
})

test('the bridge refuses a frame to the port that it came from before the rules of FORWARD can reject it', () => {
  const text = [
    '*filter',
    ':FORWARD ACCEPT [0:0]',
    '-A FORWARD -j REJECT --reject-with icmp-port-unreachable',
    'COMMIT',
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    '-A PREROUTING -p tcp -j DNAT --to-destination 10.200.1.2:8080',
    'COMMIT',
    '',
  ].join('\n')
  const state = bridged({ ...plainNode, iptables: { nft: parseIptablesSave('', text), legacy: null } })
  expect(fates(state, fromPod)).toEqual(['dropped'])
})

test('what the node sends to itself comes in with the source that masquerading gave it', () => {
  const addresses = [
    { ifname: 'lo', addr_info: [{ local: '127.0.0.1', scope: 'host' }] },
    { ifname: 'eth0', addr_info: [{ local: '10.0.0.1', scope: 'global' }] },
  ]
  const state = { ...withRules('nat', '-A POSTROUTING -j MASQUERADE'), addresses }
  const [outcome] = tracePacket(state, { ...syn, ...fromNode, source: loopback, destination: loopback })
  expect([outcome?.fate.kind, outcome?.packet.source.text]).toEqual(['local', '10.0.0.1'])
})

test('a translation in OUTPUT that leads nowhere ends the journey there', () => {
  const state = withRules('nat', '-A OUTPUT -d 127.0.0.1 -j DNAT --to-destination 10.0.0.50')
  const start = { ...fromNode, source: loopback, destination: loopback }
  expect(fates(state, start)).toEqual(['no-route'])
  const sysctl = new Map([['net.ipv4.conf.all.route_localnet', '1']])
  expect(fates({ ...state, sysctl }, start)).toEqual(['delivered 10.0.0.50:80'])
})

test('of a range of ports the kernel keeps the one that is asked for, or draws one', () => {
  const state = withRules('nat', '-A PREROUTING -p tcp -j DNAT --to-destination 10.200.1.3:8080-8081')
  expect(fates(state, { destinationPort: 8081 })).toEqual(['delivered 10.200.1.3:8081'])
  expect(fates(state)).toEqual(['delivered 10.200.1.3:8080 50 %', 'delivered 10.200.1.3:8081 50 %'])
})

test('a mark that filter sets leads nowhere else; one that mangle sets does', () => {
  const routed: NodeState = {
    ...plainNode,
    rules: [
      { priority: 0, table: 'local' },
      { priority: 1000, fwmark: '0x10', fwmask: '0x10', table: '100' },
      { priority: 32766, table: 'main' },
    ],
    routes: [...plainNode.routes, { dst: 'default', dev: 'eth1', table: '100' }],
  }
  const device = (table: string): string | null => {
    const { iptables } = withRules(table, '-A OUTPUT -j MARK --set-xmark 0x10/0x10')
    const [outcome] = tracePacket({ ...routed, iptables }, { ...syn, ...fromNode })
    return outcome?.fate.kind === 'forwarded' ? outcome.fate.device : null
  }
  expect([device('filter'), device('mangle')]).toEqual(['eth0', 'eth1'])
})

test('an address of the node itself is no source of what comes in from outside', () => {
  expect(fates(plainNode, { source: address('10.0.0.1') })).toEqual(['dropped'])
  const sysctl = new Map([['net.ipv4.conf.all.accept_local', '1']])
  expect(fates({ ...plainNode, sysctl }, { source: address('10.0.0.1') })).toEqual(['forwarded'])
})

test('the type of an IPv4 address is that of the table local: without a route it is UNICAST still', () => {
  const state = withRules('mangle', '-A PREROUTING -m addrtype --dst-type UNREACHABLE -j DROP')
  expect(fates({ ...state, routes: [...state.routes, { type: 'unreachable', dst: '10.0.0.9' }] })).toEqual(['no-route'])
})

test.each([
  ['-m limit --limit 3/min --limit-burst 5', true],
  ['-m hashlimit --hashlimit-upto 10/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name web', true],
  ['-m hashlimit --hashlimit-above 10/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name web', false],
  ['-m connlimit --connlimit-upto 3 --connlimit-mask 32 --connlimit-saddr', true],
  ['-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr', false],
  ['-m connlimit --connlimit-above 0 --connlimit-mask 32 --connlimit-saddr', true],
  ['-m recent --rcheck --seconds 60 --name bad --mask 255.255.255.255 --rsource', false],
  ['-m recent --remove --name bad --mask 255.255.255.255 --rsource', false],
  ['-m recent --set --name seen --mask 255.255.255.255 --rsource', true],
  ['-m helper --helper ftp', false],
  ['-m helper ! --helper ftp', true],
  ['-m conntrack --ctorigsrc 10.9.0.0/16', true],
  ['-m conntrack ! --ctorigsrc 10.9.0.0/16', false],
  ['-m conntrack --ctorigsrcport 40000', true],
  ['-m rpfilter', true],
  ['-m rpfilter --invert', false],
] as const)('the first packet of a client settles %s', (match, holds) => {
  expect(fates(withRules('mangle', `-A PREROUTING ${match} -j DROP`))).toEqual([holds ? 'dropped' : 'forwarded'])
})

test('a packet whose way back leads out of another device fails rpfilter, unless it is loose', () => {
  const comesBack = { ...fromPod, source: address('10.9.9.9') }
  expect(fates(withRules('raw', '-A PREROUTING -m rpfilter --validmark --invert -j DROP'), comesBack)).toEqual([
    'dropped',
  ])
  expect(fates(withRules('raw', '-A PREROUTING -m rpfilter --loose --invert -j DROP'), comesBack)).toEqual([
    'forwarded',
  ])
})

test.each(['eui64', 'frag', 'u32 --u32 "0x0=0x1"', 'ecn --ecn-tcp-cwr', 'srh'])(
  'what -m %s asks is not known, and said by its name',
  (match) => {
    const outcomes = tracePacket(withRules('filter', `-A FORWARD -m ${match} -j DROP`), syn)
    expect(outcomes.map(({ fate }) => fate.kind).sort()).toEqual(['dropped', 'forwarded'])
    for (const { doubt } of outcomes) expect(doubt?.text).toContain(`-m ${match}`)
  },
)

const flags = { payload: { protocol: 'tcp', field: 'flags' } }
const to = (addr: unknown): object[] => [{ dnat: { family: 'ip', addr } }]

test('a translation to where the packet goes anyway is none: a pod that asks itself is answered', () => {
  const state = bridged(withNative('prerouting', [to('10.200.1.2')]))
  expect(fates(state, { ...fromPod, destination: address('10.200.1.2') })).toEqual(['delivered 10.200.1.2:80'])
})

test.each([
  [
    'ports of another protocol, negated',
    [{ match: { op: '!=', left: { payload: { protocol: 'udp', field: 'dport' } }, right: 53 } }],
  ],
  ['the other family', [{ match: { op: '!=', left: { payload: { protocol: 'ip6', field: 'daddr' } }, right: '::1' } }]],
  [
    'two states at once',
    [{ match: { op: '==', left: { ct: { key: 'state' } }, right: { '|': ['new', 'untracked'] } } }],
  ],
  ['another flag', [{ match: { op: 'in', left: flags, right: 'ack' } }]],
])('nft: a SYN to port 80 has no %s', (_, asks) => {
  expect(fates(withNative('forward', [[...asks, { drop: null }]]))).toEqual(['forwarded'])
})

test.each([
  ['one flag', { op: 'in', left: flags, right: 'syn' }],
  ['some flags', { op: '==', left: { '&': [flags, ['syn', 'ack']] }, right: 'syn' }],
  ['the kind of packet', { op: '==', left: { meta: { key: 'pkttype' } }, right: 'host' }],
  ['where it wanted to go', { op: '==', left: { ct: { key: 'ip daddr', dir: 'original' } }, right: '10.0.0.9' }],
])('nft: %s of a SYN is known', (_, match) => {
  expect(fates(withNative('forward', [[{ match }, { drop: null }]]))).toEqual(['dropped'])
})

test('nft: a range of addresses, or a network, is one way for each', () => {
  const both = ['delivered 10.200.1.2:80 50 %', 'delivered 10.200.1.3:80 50 %']
  expect(fates(withNative('prerouting', [to({ range: ['10.200.1.2', '10.200.1.3'] })]))).toEqual(both)
  expect(fates(withNative('prerouting', [to({ prefix: { addr: '10.200.1.2', len: 31 } })]))).toEqual(both)
})

const map = (key: unknown, ...set: readonly (readonly [unknown, unknown])[]) => ({ map: { key, data: { set } } })
const draw = (mod: number) => ({ numgen: { mode: 'random', mod, offset: 0 } })
const end = (last: number) => ({ concat: [`10.200.1.${String(last)}`, 8080] })
const saddr = { payload: { protocol: 'ip', field: 'saddr' } }

test('nft: each endpoint that is drawn has its share (kube-proxy from 1.36 on)', () => {
  const drawn = to(map(draw(2), [0, end(2)], [1, end(3)]))
  expect(fates(withNative('prerouting', [drawn]))).toEqual(
    [2, 3].map((last) => `delivered 10.200.1.${String(last)}:8080 50 %`),
  )
  expect(fates(withNative('prerouting', [to(map(draw(1), [0, end(2)]))]))).toEqual(['delivered 10.200.1.2:8080'])
})

test('nft: a number without an element ends the rule, and the next one is asked', () => {
  const holed = to(map(draw(4), [0, end(2)], [{ range: [2, 3] }, end(3)]))
  expect(fates(withNative('prerouting', [holed]))).toEqual([
    'delivered 10.200.1.2:8080 25 %',
    'delivered 10.200.1.3:8080 50 %',
    'forwarded 25 %',
  ])
  expect(fates(withNative('prerouting', [holed, to('10.200.1.9')]))[2]).toBe('delivered 10.200.1.9:80 25 %')
})

test('nft: what the packet itself leads to in a map is known', () => {
  const byClient = (client: string) => withNative('prerouting', [to(map(saddr, [client, end(2)]))])
  expect(fates(byClient('10.9.9.9'))).toEqual(['delivered 10.200.1.2:8080'])
  expect(fates(byClient('10.9.9.8'))).toEqual(['forwarded'])
})

test('nft: of a map with a key that is not known every value may be meant, and none', () => {
  const byHash = to(map({ jhash: { mod: 2, expr: saddr } }, [0, end(2)], [1, end(3)]))
  const all = ['delivered 10.200.1.2:8080? 33 %', 'delivered 10.200.1.3:8080? 33 %', 'forwarded? 33 %']
  expect(fates(withNative('prerouting', [byHash]))).toEqual(all)
  const verdicts = { vmap: { ...map({ jhash: { mod: 2, expr: saddr } }, [0, { drop: null }]).map } }
  expect(fates(withNative('forward', [[verdicts]]))).toEqual(['dropped? 50 %', 'forwarded? 50 %'])
})

test('nft: an element for everything else is taken where no other is', () => {
  const guard = (...first: readonly [unknown, unknown][]) => [
    [{ vmap: map(saddr, ...first, ['*', { drop: null }]).map }],
  ]
  expect(fates(withNative('forward', guard(['10.9.9.9', { accept: null }])))).toEqual(['forwarded'])
  expect(fates(withNative('forward', guard(['10.9.9.8', { accept: null }])))).toEqual(['dropped'])
})

test('nft: a map that is not in the dump leaves open what becomes of the packet', () => {
  const lost = to({ map: { key: saddr, data: '@lost' } })
  expect(fates(withNative('prerouting', [lost])).every((fate) => fate.includes('?'))).toBe(true)
})

test('a source is translated to each address of a range', () => {
  const sources = (state: NodeState) =>
    tracePacket(state, syn).map(({ packet }) => (packet.sourceNat === 'masquerade' ? '' : packet.sourceNat?.text))
  expect(sources(withRules('nat', '-A POSTROUTING -j SNAT --to-source 10.1.0.1-10.1.0.2'))).toEqual([
    '10.1.0.1',
    '10.1.0.2',
  ])
})

test('nft: a reset answers TCP alone, and codes have the names that iptables gives them', () => {
  const state = withNative('forward', [
    [{ reject: { type: 'tcp reset' } }],
    [{ reject: { type: 'icmp', expr: 'prot-unreachable' } }],
  ])
  const answers = (start: Partial<Start>) =>
    tracePacket(state, { ...syn, ...start }).map(({ fate }) => (fate.kind === 'rejected' ? fate.with : fate.kind))
  expect([answers({}), answers({ protocol: 'udp' })]).toEqual([['tcp-reset'], ['icmp-proto-unreachable']])
})

test('nft: the first packet is within a limit', () => {
  const limited = (inv: boolean) =>
    withNative('forward', [[{ limit: { rate: 10, per: 'second', inv } }, { drop: null }]])
  expect(fates(limited(true))).toEqual(['forwarded'])
  expect(fates(limited(false))).toEqual(['dropped'])
})

test('nft: a quota may be used up or not', () => {
  const limited = withNative('forward', [[{ quota: { val: 10, val_unit: 'mbytes', inv: true } }, { drop: null }]])
  expect(fates(limited).every((fate) => fate.includes('?'))).toBe(true)
  expect(fates(limited).map((fate) => fate.split('?')[0])).toEqual(['dropped', 'forwarded'])
})
