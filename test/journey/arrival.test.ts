import { expect, test } from '@jest/globals'
import type { Evidence } from '../../src/evidence/evidence.ts'
import { isGap } from '../../src/evidence/gap.ts'
import { arrivalDevices } from '../../src/journey/arrival.ts'
import { nodeState } from '../../src/node/node-state.ts'
import { diagnosisOf } from '../kit/answers.ts'
import { allUp, byBgp, peer } from '../kit/bgp.ts'
import { editJson, fixture, variant, wild, type Change, type Json } from '../kit/fixtures.ts'

const push = (...added: readonly Json[]) => editJson((list: Json) => list.push(...added))

function devices(evidence: Evidence, node: string, target = 'default/nginx-lb'): readonly string[] {
  const { question } = diagnosisOf(evidence, target)
  const state = nodeState(evidence, node, question.vip?.family ?? 4)
  if (isGap(state)) throw new Error(state.reason)
  return arrivalDevices(evidence, question, state)
}

test('in a VPC: the link of the interface that owns the VIP', async () => {
  expect(devices(await fixture('hard-way-healthy'), 'controller-0')).toEqual(['eth0'])
  expect(devices(await wild('aws-15b-two-enis-sdc'), 'controller-0', '10.240.0.100')).toEqual(['eth1'])
  expect(devices(await fixture('hard-way-healthy'), 'worker-0')).toEqual([])
})

const secondDevice: Readonly<Record<string, Change>> = {
  'nodes/controller-0/ip-addr.json': push({
    ifname: 'eth1',
    addr_info: [{ family: 'inet', local: '10.240.0.77', prefixlen: 24, scope: 'global' }],
  }),
}
const announcedOn = (...interfaces: readonly string[]): Change =>
  editJson((list: Json) => {
    for (const { spec } of list.items) spec.interfaces = interfaces
  })

test.each([
  ['every device in the VIP’s network', [], ['eth0', 'eth1']],
  ['those that the L2Advertisement names', ['eth1', 'eth9'], ['eth1']],
])('on a LAN: %s', async (_, interfaces, expected) => {
  const evidence = await variant('lan-healthy', {
    ...secondDevice,
    'kubernetes/l2advertisements.metallb.io.json': announcedOn(...interfaces),
  })
  expect(devices(evidence, 'controller-0')).toEqual(expected)
})

const routed = {
  'nodes/controller-0/ip-route.json': push(
    { dst: '10.77.0.0/24', dev: 'eth1', scope: 'link', flags: [] },
    { dst: '192.0.2.1', gateway: '10.77.0.9', dev: 'eth1', flags: [] },
  ),
}

test.each([
  ['the device that leads to the peer', peer('router', '10.77.0.1'), ['eth1']],
  ['the same over a gateway', peer('router', '192.0.2.1', { ebgpMultiHop: true }), ['eth1']],
  ['the interface of an unnumbered peer', peer('router', '', { interface: 'eth7' }), ['eth7']],
  ['none for a session from a named address', peer('router', '10.77.0.1', { sourceAddress: '10.1.1.1' }), []],
])('by BGP: %s', async (_, one, expected) => {
  const evidence = await variant('lan-healthy', { ...byBgp({ peers: [one] }), ...routed })
  expect(devices(evidence, 'controller-0')).toEqual(expected)
})

test('by BGP: a session that is down brings nothing', async () => {
  const up = { ...allUp, 'controller-0': false }
  const evidence = await variant('lan-healthy', {
    ...byBgp({ up, peers: [peer('router', '10.240.0.1'), peer('other', '10.77.0.1')] }),
    ...routed,
  })
  expect(devices(evidence, 'controller-0')).toEqual(['eth1'])
})
