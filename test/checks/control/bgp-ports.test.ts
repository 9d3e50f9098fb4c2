import { expect, test } from '@jest/globals'
import check from '../../../src/checks/control/bgp-ports.ts'
import { byBgp, peer } from '../../kit/bgp.ts'
import { fixture, variant, type Json } from '../../kit/fixtures.ts'
import { withRules } from '../../kit/firewalled.ts'
import { found } from '../../kit/found.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { edited, ids, ingress, tcp } from '../../fabric/ec2/edits.ts'

const routeServer = (rules: Json[], spec: Json = {}) =>
  edited('overlay-vip', {
    enis: (enis) => {
      enis.push({
        NetworkInterfaceId: 'eni-endpoint',
        SubnetId: ids.subnet,
        VpcId: ids.vpc,
        PrivateIpAddress: '10.240.0.60',
        PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.240.0.60' }],
        Groups: [{ GroupId: ids.bastionGroup }],
      })
    },
    rules: ingress(rules, ids.bastionGroup),
    files: {
      'kubernetes/bgppeers.metallb.io.json': JSON.stringify({
        items: [
          {
            kind: 'BGPPeer',
            metadata: { name: 'route-server', namespace: 'metallb-system' },
            spec: { myASN: 64512, peerASN: 65000, peerAddress: '10.240.0.60', ...spec },
          },
        ],
      }),
    },
  })

test("fails where the peer's group refuses the session", async () => {
  const [draft] = runCheck(check, ask(await routeServer([tcp(22, '0.0.0.0/0')]), { target: '172.20.0.100' }))
  expect(draft?.status).toBe('fail')
  expect(draft?.says).toMatch(/from their peer 10\.240\.0\.60 \(eni-endpoint\): tcp\/179 is not admitted\.$/)
})

test('fails where the session may come up and BFD may not', async () => {
  const evidence = await routeServer([tcp(179, '10.240.0.0/24')], { bfdProfile: 'fast' })
  expect(says(check, evidence, { target: '172.20.0.100' })[1]).toMatch(/udp\/3784 is not admitted/)
})

test('passes where both sides let it through', async () => {
  const evidence = await routeServer([tcp(179, '10.240.0.0/24')])
  expect(says(check, evidence, { target: '172.20.0.100' })[0]).toBe('pass')
})

test('has nothing to say without a peer', async () => {
  expect(says(check, await fixture('overlay-vip'), { target: '172.20.0.100' })[0]).toBe('skipped')
})

test('the firewall of a node is asked on any fabric: what goes out by tcp, and BFD both ways', async () => {
  const peers = byBgp({ peers: [peer('router', '10.240.0.1', { bfdProfile: 'fast' })] })
  const file = 'nodes/worker-0/iptables-nft-save.txt'
  expect(found(await variant('lan-healthy', peers), 'control/bgp-ports')).toEqual([
    ['pass', 'The rules of 4 nodes let the speakers and their peer 10.240.0.1 reach each other.'],
  ])
  const out = withRules(['-A OUTPUT -p tcp -m tcp --dport 179 -j REJECT --reject-with icmp-port-unreachable'])
  const inwards = withRules(['-A INPUT -p udp -m udp --dport 3784 -j DROP'])
  expect(found(await variant('lan-healthy', { ...peers, [file]: out }), 'control/bgp-ports')[0]?.[1]).toBe(
    'worker-0 rejects tcp/179 to 10.240.0.1 (filter chain OUTPUT): no session with 10.240.0.1 comes up from there.',
  )
  expect(found(await variant('lan-healthy', { ...peers, [file]: inwards }), 'control/bgp-ports')[0]?.[1]).toBe(
    'worker-0 drops udp/3784 from 10.240.0.1 (filter chain INPUT): no session with 10.240.0.1 comes up from there.',
  )
})
