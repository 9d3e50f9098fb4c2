import { parseAddress, type Address } from '../../../src/net/address.ts'
import type { NodeState } from '../../../src/node/node-state.ts'
import { parseIptablesSave } from '../../../src/evidence/node/iptables-save.ts'
import { nftablesOf } from '../../../src/evidence/node/nft.ts'
import type { Start } from '../../../src/node/trace/start.ts'
import { tracePacket } from '../../../src/node/trace/trace.ts'
import type { Outcome } from '../../../src/node/trace/types.ts'

export function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(`${text} is no address`)
  return parsed
}

/** A node with one address, 10.0.0.1 on eth0, a pods' bridge cni0 (10.200.1.0/24), a default route, and no rules. */
export const plainNode: NodeState = {
  node: 'worker-0',
  family: 4,
  iptables: { nft: null, legacy: null },
  nft: null,
  ipvs: null,
  sets: null,
  addresses: [],
  links: [],
  routes: [
    { dst: 'default', dev: 'eth0', gateway: '10.0.0.254' },
    { dst: '10.200.1.0/24', dev: 'cni0' },
    { type: 'local', dst: '10.0.0.1', dev: 'eth0', table: 'local' },
    { type: 'local', dst: '127.0.0.0/8', dev: 'lo', table: 'local' },
  ],
  rules: [],
  neighbours: [],
  sysctl: null,
  doubts: [],
}

/** A node whose iptables hold these lines of one table, with its built-in chains and the user chains that rules name. */
export function withRules(table: string, ...lines: readonly string[]): NodeState {
  const builtin = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((name) => `:${name} ACCEPT [0:0]`)
  const text = [`*${table}`, ...builtin, ...lines, 'COMMIT', ''].join('\n')
  return { ...plainNode, iptables: { nft: parseIptablesSave('iptables-nft-save.txt', text), legacy: null } }
}

/** A node with a native table `inet guard` that has one chain at a hook, its rules as `nft -j` prints their expressions. */
export function withNative(
  hook: string,
  rules: readonly (readonly object[])[],
  more: readonly object[] = [],
): NodeState {
  const of = { family: 'inet', table: 'guard' }
  const type = hook === 'prerouting' ? 'nat' : 'filter'
  const prio = hook === 'prerouting' ? -100 : 0
  return {
    ...plainNode,
    nft: nftablesOf('nft-ruleset.json', [
      { table: { family: 'inet', name: 'guard' } },
      { chain: { ...of, name: 'base', hook, type, prio, policy: 'accept' } },
      ...more,
      ...rules.map((expr, index) => ({ rule: { ...of, chain: 'base', handle: index + 1, expr } })),
    ]),
  }
}

/** The same node with the pods' bridge as its kernel shows it, and a table of a family that looks at frames, with one chain. */
export function withFrames(
  family: 'arp' | 'bridge' | 'netdev',
  chain: { readonly hook: string; readonly policy?: string; readonly dev?: string | readonly string[] },
  ...rules: readonly (readonly object[])[]
): NodeState {
  const of = { family, table: 'frames' }
  return {
    ...plainNode,
    links: [
      { ifname: 'cni0', linkinfo: { info_kind: 'bridge' } },
      { ifname: 'vp2', master: 'cni0', linkinfo: { info_slave_kind: 'bridge' } },
    ],
    nft: nftablesOf('nft-ruleset.json', [
      { table: { family, name: 'frames' } },
      { chain: { ...of, name: 'base', type: 'filter', prio: 0, policy: 'accept', ...chain } },
      ...rules.map((expr, index) => ({ rule: { ...of, chain: 'base', handle: index + 1, expr } })),
    ]),
  }
}

/** A SYN from 10.9.9.9 to 10.0.0.9:80, which this node would forward. */
export const syn: Start = {
  source: address('10.9.9.9'),
  destination: address('10.0.0.9'),
  protocol: 'tcp',
  destinationPort: 80,
  inDevice: 'eth0',
}

/** The outcomes in words, the likeliest first: `dropped`, `delivered 10.200.1.5:8080`, with `?` where they are in doubt and their share. */
export function fates(state: NodeState, start: Partial<Start> = {}): readonly string[] {
  return tracePacket(state, { ...syn, ...start })
    .map(inWords)
    .sort()
}

function inWords({ fate, packet, doubt, probability }: Outcome): string {
  const place = fate.kind === 'delivered' ? ` ${packet.destination.text}:${String(packet.destinationPort)}` : ''
  const share = probability > 1 - 1e-9 ? '' : ` ${(probability * 100).toFixed(0)} %`
  return `${fate.kind}${place}${doubt === null ? '' : '?'}${share}`
}
