import { expect, test } from '@jest/globals'
import check from '../../../src/checks/control/bgp-ports.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
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
