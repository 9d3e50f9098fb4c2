import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/address-slots-full.ts'
import { fixture } from '../../kit/fixtures.ts'
import { says } from '../../kit/ask.ts'
import { edited, ids } from '../../fabric/ec2/edits.ts'

const limited = (recording: string, limit: number) =>
  edited(recording, {
    files: {
      'aws/describe-instance-types.json': JSON.stringify({
        InstanceTypes: [{ InstanceType: 't3.medium', NetworkInfo: { Ipv4AddressesPerInterface: limit } }],
      }),
    },
  })

test('passes where there is room', async () => {
  expect(says(check, await limited('hard-way-healthy', 6))).toEqual([
    'pass',
    'Each node in the subnet of 10.240.0.100 has room for one more address.',
  ])
})

test('passes with a remark where a node is full and the VIP has its owner', async () => {
  expect(says(check, await limited('hard-way-healthy', 2))).toEqual([
    'pass',
    `${ids.controller0} (controller-0, 2 of 2) has no room for a further address: a VIP could not move there.`,
  ])
})

test('warns where nobody owns the VIP and nobody has room for it', async () => {
  expect(says(check, await limited('hard-way-l2', 1))[0]).toBe('warn')
})

test('is silent without the limits', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('skipped')
})
