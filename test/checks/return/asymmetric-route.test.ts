import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, wild, type Change, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'return/asymmetric-route'
const vip = '10.46.200.0'
const push = (...added: readonly Json[]) => editJson((list: Json) => list.push(...added))

/** The VIP in the network of a VLAN of the node, the default route by another device. */
const vlan = (changes: Readonly<Record<string, Change>> = {}) => wild('lan-03-answer-by-other-interface', changes)

test.each([
  ['lan-healthy', 'default/nginx-lb'],
  ['lan-ipv6', 'default/web-six'],
])('%s: one device', async (name, target) => {
  expect(await foundIn(name, id, target)).toEqual([
    ['pass', expect.stringMatching(/^Answers leave \S+ by eth0, as the packets come in\.$/)],
  ])
})

test('the answer to a client behind a router leaves by another device: whether it arrives is not known', async () => {
  const { verdict, findings } = diagnosisOf(await vlan(), vip, '10.42.0.1')
  expect([
    verdict,
    findings.filter((one) => one.id === id).map(({ status, reason, says }) => [status, reason, says]),
  ]).toEqual([
    'inconclusive',
    [
      [
        'unknown',
        'other-device-past-router',
        expect.stringMatching(
          /^Packets for 10\.46\.200\.0 come in to \S+ by vlan17, and the answers to 10\.42\.0\.1 leave by eth0 \(default via 10\.45\.0\.1 dev eth0 of table main\)\. Whether the routers between drop them, as those do that keep state or look at sources, is not known\.$/,
        ),
      ],
    ],
  ])
})

test.each(['10.46.3.3', 'vpc'])('a client in the VIP’s own network (%s) meets no router', async (client) => {
  const evidence = await vlan()
  expect(found(evidence, id, vip, client)[0]?.[0]).toBe('pass')
  expect(diagnosisOf(evidence, vip, client).verdict).toBe('reachable')
})

const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
const onEvery = (file: string, change: Change) =>
  Object.fromEntries(nodes.map((node) => [`nodes/${node}/${file}`, change]))

test('answers that a rule sends away are a warning for a client on the same link', async () => {
  const evidence = await vlan({
    ...onEvery('ip-rule.json', push({ priority: 90, src: '10.200.0.0', srclen: 16, table: '100' })),
    ...onEvery('ip-route.json', push({ dst: 'default', gateway: '10.45.0.1', dev: 'eth0', table: '100', flags: [] })),
  })
  expect(found(evidence, id, vip, '10.46.3.3')).toEqual([
    [
      'warn',
      expect.stringContaining('the client is on the link of vlan17 and takes them from there, unless it filters.'),
    ],
  ])
  expect(diagnosisOf(evidence, vip, '10.46.3.3').verdict).toBe('reachable')
})

test('policy routing by a mark on the connection mends it', async () => {
  const evidence = await vlan({
    ...onEvery('ip-rule.json', push({ priority: 1000, src: 'all', fwmark: '0x10', fwmask: '0x10', table: '116' })),
    ...onEvery('ip-route.json', push({ dst: 'default', gateway: '10.46.0.1', dev: 'vlan17', table: '116', flags: [] })),
    ...onEvery('iptables-nft-save.txt', (text) =>
      text.replace(
        /(\*mangle\n(?:[:#].*\n)*)/,
        '$1-A PREROUTING -i vlan17 -d 10.46.200.0/32 -j CONNMARK --set-xmark 0x10/0x10\n-A PREROUTING -m conntrack --ctdir REPLY -j CONNMARK --restore-mark --nfmask 0x10 --ctmask 0x10\n',
      ),
    ),
  })
  expect(found(evidence, id, vip, '10.42.0.1')[0]?.[0]).toBe('pass')
})

test('a client behind a tunnel of the node comes in by the tunnel', async () => {
  const evidence = await vlan({
    ...onEvery('ip-link.json', push({ ifname: 'wg0', linkinfo: { info_kind: 'wireguard' }, flags: ['UP'] })),
    ...onEvery('ip-route.json', push({ dst: '10.99.0.0/24', dev: 'wg0', scope: 'link', flags: [] })),
  })
  expect(found(evidence, id, vip, '10.99.0.7')[0]?.[0]).toBe('pass')
})
