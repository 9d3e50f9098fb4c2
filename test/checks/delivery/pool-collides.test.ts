import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/pool-collides.ts'
import { fixture } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { byId, edited, ids } from '../../fabric/ec2/edits.ts'

test('passes where only nodes hold addresses of the pool', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('pass')
  expect(says(check, await fixture('hard-way-l2'))[0]).toBe('pass')
})

test('warns where a machine, a foreign prefix or a reservation for prefixes lies in the pool', async () => {
  const evidence = await edited('hard-way-healthy', {
    enis: (enis) => {
      const bastion = byId(enis, ids.bastion)
      bastion.Ipv4Prefixes = [{ Ipv4Prefix: '10.240.0.96/28' }]
      bastion.PrivateIpAddresses.push({ Primary: false, PrivateIpAddress: '10.240.0.105' })
    },
    files: {
      [`aws/get-subnet-cidr-reservations-${ids.subnet}.json`]: JSON.stringify({
        SubnetIpv4CidrReservations: [
          { Cidr: '10.240.0.96/28', ReservationType: 'prefix', SubnetCidrReservationId: 'scr-1' },
        ],
      }),
    },
  })
  const [status, text] = says(check, evidence)
  expect(status).toBe('warn')
  expect(text).toBe(
    `Pool first-pool has addresses that something else uses: 10.240.0.105 by ${ids.bastion} (i-09575ba52b0771584), 10.240.0.96/28 by ${ids.bastion} (i-09575ba52b0771584) and 10.240.0.96/28 by reservation scr-1, for delegated prefixes.`,
  )
})

test('passes where the prefix is delegated to a node: that delivers the whole pool', async () => {
  const evidence = await edited('hard-way-l2', {
    enis: (enis) => {
      byId(enis, ids.worker0).Ipv4Prefixes = [{ Ipv4Prefix: '10.240.0.96/28' }]
    },
  })
  expect(says(check, evidence)[0]).toBe('pass')
})
