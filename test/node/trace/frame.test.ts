import { describe, expect, test } from '@jest/globals'
import type { NodeState } from '../../../src/node/node-state.ts'
import { tracePacket } from '../../../src/node/trace/trace.ts'
import { address, fates, syn, withFrames } from './world.ts'

// What rules below IP do: those of bridges and devices were held against a kernel by test/lab/kernel, of the questions by `make lab`.

const toPod = { destination: address('10.200.1.2') }
const ask = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } })
const ether = (right: unknown) => ask({ payload: { protocol: 'ether', field: 'type' } }, right)
const drop = { drop: null }
const accept = { accept: null }
const known: NodeState['neighbours'] = [
  { dst: '10.200.1.2', dev: 'cni0', lladdr: '02:00:0a:c8:01:02', state: ['STALE'] },
]

describe('a bridge', () => {
  test('drops the question for a pod, and the packet with it', () => {
    const state = withFrames('bridge', { hook: 'output' }, [ether('arp'), drop])
    const [outcome] = tracePacket(state, { ...syn, ...toPod })
    expect(outcome?.fate).toEqual({
      kind: 'dropped',
      by: 'question-dropped',
      why: 'a rule drops the ARP that asks for 10.200.1.2',
    })
    expect(outcome?.steps.at(-1)).toMatchObject({ table: 'bridge frames', chain: 'base', handle: 1, did: 'drop' })
    expect(outcome?.packet.protocol).toBe('tcp')
  })

  test.each([
    ['the answer', 'prerouting', [ask({ payload: { protocol: 'arp', field: 'operation' } }, 'reply'), drop]],
    ['the answer, on its way up', 'input', [ask({ meta: { key: 'protocol' } }, 'arp'), drop]],
    [
      'the question, by who is asked for',
      'postrouting',
      [ask({ payload: { protocol: 'arp', field: 'daddr ip' } }, '10.200.1.2'), drop],
    ],
  ])('drops %s', (_, hook, rule) => {
    expect(fates(withFrames('bridge', { hook }, rule), toPod)).toEqual(['dropped'])
  })

  test('asks nobody whose hardware address is known', () => {
    const state = withFrames('bridge', { hook: 'output' }, [ether('arp'), drop])
    expect(fates({ ...state, neighbours: known }, toPod)).toEqual(['forwarded'])
    expect(fates({ ...state, neighbours: known.map((one) => ({ ...one, state: ['FAILED'] })) }, toPod)).toEqual([
      'dropped',
    ])
    expect(fates({ ...state, neighbours: null }, toPod)).toEqual(['dropped? 50 %', 'forwarded? 50 %'])
  })

  test('drops the packet itself, by what it is', () => {
    const port = ask({ payload: { protocol: 'tcp', field: 'dport' } }, 80)
    expect(fates(withFrames('bridge', { hook: 'output' }, [ether('ip'), port, drop]), toPod)).toEqual(['dropped'])
    expect(fates(withFrames('bridge', { hook: 'output' }, [port, drop]), { ...toPod, destinationPort: 81 })).toEqual([
      'forwarded',
    ])
    expect(fates(withFrames('bridge', { hook: 'output', policy: 'drop' }, [ether('arp'), accept]), toPod)).toEqual([
      'dropped',
    ])
  })

  test('is in nobody’s way who goes by another device', () => {
    expect(fates(withFrames('bridge', { hook: 'output', policy: 'drop' }))).toEqual(['forwarded'])
  })

  test('drops what a pod sends; which port it came by is not known', () => {
    const fromPod = { source: address('10.200.1.2'), inDevice: 'cni0' }
    expect(fates(withFrames('bridge', { hook: 'input', policy: 'drop' }), fromPod)).toEqual(['dropped'])
    const port = ask({ meta: { key: 'iifname' } }, 'vp2')
    expect(fates(withFrames('bridge', { hook: 'prerouting' }, [port, drop]), fromPod)).toEqual([
      'dropped? 50 %',
      'forwarded? 50 %',
    ])
    const bridge = ask({ meta: { key: 'ibrname' } }, 'cni0')
    expect(fates(withFrames('bridge', { hook: 'prerouting' }, [bridge, drop]), fromPod)).toEqual(['dropped'])
  })
})

describe('a device', () => {
  test('drops what comes in by it', () => {
    expect(fates(withFrames('netdev', { hook: 'ingress', dev: 'eth0' }, [ether('ip'), drop]))).toEqual(['dropped'])
    expect(fates(withFrames('netdev', { hook: 'ingress', dev: ['eth1', 'eth2'] }, [drop]))).toEqual(['forwarded'])
    expect(fates(withFrames('netdev', { hook: 'egress', dev: 'cni0' }, [drop]), toPod)).toEqual(['dropped'])
  })

  test('may be meant where nft does not print which is', () => {
    const neighbours = [{ dst: '10.0.0.254', dev: 'eth0', lladdr: '02:00:0a:00:00:fe', state: ['REACHABLE'] }]
    const state = { ...withFrames('netdev', { hook: 'ingress' }, [drop]), neighbours }
    expect(fates(state)).toEqual(['dropped? 50 %', 'forwarded? 50 %'])
    expect(fates(withFrames('netdev', { hook: 'ingress' }, [accept]))).toEqual(['forwarded'])
  })

  test('may carry a pod, where it is a port of the bridge', () => {
    const fromPod = { source: address('10.200.1.2'), inDevice: 'cni0' }
    const state = withFrames('netdev', { hook: 'ingress', dev: 'vp2' }, [drop])
    expect(fates(state, fromPod)).toEqual(['dropped? 50 %', 'forwarded? 50 %'])
  })
})

test('rules of ARP stop the question on every device, but not on one that asks nobody', () => {
  const state = withFrames('arp', { hook: 'output', policy: 'drop' })
  expect(fates(state)).toEqual(['dropped'])
  expect(fates(withFrames('arp', { hook: 'input' }, [ask({ meta: { key: 'iifname' } }, 'eth0'), drop]))).toEqual([
    'dropped',
  ])
  expect(fates({ ...state, links: [{ ifname: 'eth0', flags: ['NOARP'] }] })).toEqual(['forwarded'])
})

test('an IPv6 neighbour is asked by ICMP', () => {
  const state: NodeState = {
    ...withFrames('bridge', { hook: 'output' }, [
      ask({ payload: { protocol: 'icmpv6', field: 'type' } }, { set: ['nd-neighbor-solicit', 'nd-neighbor-advert'] }),
      drop,
    ]),
    family: 6,
    routes: [{ dst: 'fd00:1::/64', dev: 'cni0' }],
  }
  const start = { source: address('fd00:9::1'), destination: address('fd00:1::2') }
  const [outcome] = tracePacket(state, { ...syn, ...start })
  expect(outcome?.fate).toMatchObject({
    by: 'question-dropped',
    why: 'a rule drops the neighbour discovery that asks for fd00:1::2',
  })
})
