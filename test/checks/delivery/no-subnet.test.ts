import { expect, test } from '@jest/globals'
import check from '../../../src/checks/delivery/no-subnet.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'

test('fails for an address of the VPC that no subnet covers', async () => {
  const [draft] = runCheck(check, ask(await fixture('hard-way-l2'), { target: '10.240.7.7' }))
  expect([draft?.status, draft?.says]).toEqual([
    'fail',
    '10.240.7.7 lies in vpc-daf0e39ffc287f7bf, but in none of its subnets (10.240.0.0/24 and 10.240.1.0/24): no interface can hold it.',
  ])
  expect(draft?.look[0]).toBe('kubectl get services -A -o wide')
})

test('passes for an address of a subnet', async () => {
  expect(says(check, await fixture('hard-way-l2'))[0]).toBe('pass')
})

test('does not apply outside the VPC', async () => {
  expect(says(check, await fixture('overlay-vip'), { target: '172.20.0.100' })[0]).toBe('skipped')
})
