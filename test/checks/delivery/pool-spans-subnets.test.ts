import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/pool-spans-subnets.ts'
import { fixture } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { edited, ids } from '../../fabric/ec2/edits.ts'

const pool = (...addresses: string[]) =>
  edited('hard-way-healthy', {
    pools: (pools) => {
      pools[0].spec.addresses = addresses
    },
  })

test('passes for a pool inside one subnet', async () => {
  expect(says(check, await fixture('hard-way-healthy'))).toEqual([
    'pass',
    `Pool first-pool lies in ${ids.subnet} (10.240.0.0/24).`,
  ])
})

test('warns of a range that crosses the border of a subnet', async () => {
  expect(says(check, await pool('10.240.0.100-10.240.1.20'))).toEqual([
    'warn',
    `Pool first-pool lies in ${ids.subnet} (10.240.0.0/24) and ${ids.other} (10.240.1.0/24): an address can be held only by a node of its own subnet; 10.240.1.0-10.240.1.20 in ${ids.other} (10.240.1.0/24), where no node has an interface.`,
  ])
})

test('warns of a part in no subnet', async () => {
  expect(says(check, await pool('10.240.0.100/32', '10.240.9.0/31'))[1]).toBe(
    `Pool first-pool lies in ${ids.subnet} (10.240.0.0/24) only in part; 10.240.9.0/31 in no subnet.`,
  )
})
