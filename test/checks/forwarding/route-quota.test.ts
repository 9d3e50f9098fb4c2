import { expect, test } from '@jest/globals'
import check from '../../../src/checks/forwarding/route-quota.ts'
import { fixture, type Json } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const filled = (count: number, drop: string | null) =>
  edited('hard-way-healthy', {
    tables: (tables) => {
      const table = byId(tables, ids.table)
      table.Routes = table.Routes.filter((route: Json) => route.DestinationCidrBlock !== drop)
      while (table.Routes.length < count)
        table.Routes.push({
          DestinationCidrBlock: `10.9.${String(table.Routes.length)}.0/24`,
          NatGatewayId: 'nat-1',
          Origin: 'CreateRoute',
        })
    },
  })

test('passes, with a remark near the quota: it is advice', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
  expect(says(check, await filled(47, null))).toEqual([
    'pass',
    `${ids.table} has 47 routes of one family that nobody propagates, near the quota of 50 that an account begins with.`,
  ])
  expect(says(check, await filled(50, null))[0]).toBe('pass')
})

test('warns where the table is full and a node has no route', async () => {
  const [status, text] = says(check, await filled(50, '10.200.3.0/24'))
  expect(status).toBe('warn')
  expect(text).toMatch(/and none to the pods of worker-1\.$/)
})
