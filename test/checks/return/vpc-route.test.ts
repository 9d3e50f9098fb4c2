import { expect, test } from '@jest/globals'
import check from '../../../src/checks/return/vpc-route.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const defaultRoute = (target: Readonly<Record<string, string>> | null) =>
  edited('hard-way-healthy', {
    tables: (tables) => {
      const table = byId(tables, ids.table)
      table.Routes = table.Routes.filter((route: Json) => route.DestinationCidrBlock !== '0.0.0.0/0')
      if (target !== null)
        table.Routes.push({ DestinationCidrBlock: '0.0.0.0/0', Origin: 'CreateRoute', State: 'active', ...target })
    },
  })

test('fails where no route leads back', async () => {
  expect(says(check, await defaultRoute(null), { client: '192.0.2.7' })).toEqual([
    'fail',
    `${ids.table} of ${ids.subnet} has no route to 192.0.2.7: answers are dropped.`,
  ])
})

test('fails where answers leave by a NAT gateway', async () => {
  expect(says(check, await defaultRoute({ NatGatewayId: 'nat-1' }), { client: 'internet' })[0]).toBe('fail')
})

test('fails where the way back is a blackhole', async () => {
  const evidence = await defaultRoute({ VpcPeeringConnectionId: 'pcx-1', State: 'blackhole' })
  expect(says(check, evidence, { client: '192.168.7.7' })[1]).toMatch(/is a blackhole/)
})

test('passes where the answers leave as they came', async () => {
  const evidence = await fixture('hard-way-healthy')
  expect(says(check, evidence, { client: 'internet' })[0]).toBe('pass')
  expect(says(check, evidence, { client: '10.240.1.50' })[0]).toBe('pass')
  expect(says(check, evidence)[0]).toBe('skipped')
})
