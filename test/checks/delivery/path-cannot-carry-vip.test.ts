import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/path-cannot-carry-vip.ts'
import type { Json } from '../../kit/fixtures.ts'
import { ask, runCheck } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const over = (recording: string, target: Json) =>
  edited(recording, {
    tables: (tables) => {
      byId(tables, ids.table).Routes.push({
        DestinationCidrBlock: '10.9.0.0/16',
        Origin: 'CreateRoute',
        State: 'active',
        ...target,
      })
    },
  })

const peering = { VpcPeeringConnectionId: 'pcx-1' }
const transit = { TransitGatewayId: 'tgw-1' }
const vpn = { GatewayId: 'vgw-1' }

test.each([
  [
    'an overlay VIP',
    'over peering',
    'overlay-vip',
    '172.20.0.100',
    peering,
    'fail',
    'PCX_REQUIRES_ADDRESS_IN_VPC_CIDR',
  ],
  [
    'an overlay VIP',
    'over a VPN',
    'overlay-vip',
    '172.20.0.100',
    vpn,
    'fail',
    'VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS',
  ],
  ['an overlay VIP', 'over a transit gateway', 'overlay-vip', '172.20.0.100', transit, 'unknown', undefined],
  ['an owned VIP', 'over peering', 'hard-way-healthy', '10.240.0.100', peering, 'unknown', undefined],
  ['an owned VIP', 'over a VPN', 'hard-way-healthy', '10.240.0.100', vpn, 'pass', undefined],
  ['an owned VIP', 'over a transit gateway', 'hard-way-healthy', '10.240.0.100', transit, 'unknown', undefined],
] as const)('%s %s', async (_vip, _way, recording, vip, target, status, awsCode) => {
  const [draft] = runCheck(check, ask(await over(recording, target), { target: vip, client: '10.9.1.1' }))
  expect([draft?.status, draft?.awsCode]).toEqual([status, awsCode])
})

test('an overlay VIP from the internet', async () => {
  const [draft] = runCheck(check, ask(await over('overlay-vip', vpn), { target: '172.20.0.100', client: 'internet' }))
  expect([draft?.status, draft?.awsCode]).toEqual(['fail', 'IGW_DESTINATION_ADDRESS_IN_VPC_CIDRS'])
})

test('a client inside the VPC', async () => {
  const [draft] = runCheck(check, ask(await over('overlay-vip', vpn), { target: '172.20.0.100', client: '10.240.1.9' }))
  expect(draft?.status).toBe('pass')
})
