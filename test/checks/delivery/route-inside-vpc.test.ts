import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/route-inside-vpc.ts'
import { fixture } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

const withRoute = (recording: string, destination: string) =>
  edited(recording, {
    tables: (tables) => {
      byId(tables, ids.table).Routes.push({
        DestinationCidrBlock: destination,
        NetworkInterfaceId: ids.worker0,
        Origin: 'CreateRoute',
        State: 'active',
      })
    },
  })

test('warns of a route for the whole subnet, which clients elsewhere follow', async () => {
  const [status, text] = says(check, await withRoute('hard-way-healthy', '10.240.0.0/24'))
  expect(status).toBe('warn')
  expect(text).toMatch(/sends the whole subnet 10\.240\.0\.0\/24 .*, past the interface that holds it\.$/)
})

test('fails for a route that EC2 would never take', async () => {
  const [status, text] = says(check, await withRoute('hard-way-l2', '10.240.0.100/32'))
  expect(status).toBe('fail')
  expect(text).toMatch(/EC2 accepts none/)
})

test("passes where only the VPC's own route covers the VIP", async () => {
  expect(says(check, await fixture('hard-way-l2'))[0]).toBe('pass')
})
