import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/pool-not-reserved.ts'
import { fixture } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { edited, ids } from '../../fabric/ec2/edits.ts'

const file = `aws/get-subnet-cidr-reservations-${ids.subnet}.json`
const reserved = (...cidrs: string[]) =>
  edited('hard-way-healthy', {
    files: {
      [file]: JSON.stringify({
        SubnetIpv4CidrReservations: cidrs.map((Cidr, at) => ({
          Cidr,
          ReservationType: 'explicit',
          SubnetCidrReservationId: `scr-${String(at)}`,
        })),
        SubnetIpv6CidrReservations: [],
      }),
    },
  })

test("passes with a remark where nothing reserves the range: it is advice, never a 'warn'", async () => {
  const [status, text] = says(check, await fixture('hard-way-healthy'))
  expect(status).toBe('pass')
  expect(text).toMatch(/^EC2 may give 10\.240\.0\.100-10\.240\.0\.110 of pool first-pool to a new interface/)
})

test('names what a reservation leaves open', async () => {
  expect(says(check, await reserved('10.240.0.96/29'))[1]).toMatch(/^EC2 may give 10\.240\.0\.104-10\.240\.0\.110 /)
})

test('passes where reservations cover the range', async () => {
  expect(says(check, await reserved('10.240.0.96/29', '10.240.0.104/29'))[1]).toMatch(
    / reserves the range of pool first-pool\.$/,
  )
})

test('does not know where the reservations were not read', async () => {
  const evidence = await edited('hard-way-healthy', { files: { [file]: null } })
  expect(says(check, evidence)[0]).toBe('unknown')
})
