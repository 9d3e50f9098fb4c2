import { expect, test } from '@jest/globals'
import check from '../../../src/checks/wire/answered-by-vpc.ts'
import { withCaptures } from '../../capture/captures.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'

test("passes where the answer carries the owner's hardware address", async () => {
  const evidence = await withCaptures('captured-vpc-owned', { 'client/c': 'vpc-owned-client' })
  expect(runCheck(check, ask(evidence))[0]).toMatchObject({
    status: 'pass',
    says: expect.stringMatching(/answered for with worker-1 .*the answer comes from the VPC itself/),
  })
})

test('warns where it names an interface that does not hold the address', async () => {
  const evidence = await withCaptures('captured-vpc-unowned', { 'client/c': 'vpc-owned-client' })
  expect(runCheck(check, ask(evidence))[0]).toMatchObject({
    status: 'warn',
    says: expect.stringMatching(/answered for with worker-1 .*in the account no network interface holds it/),
  })
})

test('does not apply on a LAN', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })[0]).toBe('skipped')
})
