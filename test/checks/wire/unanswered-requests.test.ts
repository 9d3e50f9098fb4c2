import { expect, test } from '@jest/globals'
import check from '../../../src/checks/wire/unanswered-requests.ts'
import { withCaptures } from '../../capture/captures.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { diagnosisOf } from '../../kit/answers.ts'

test('fails where nobody answered in a capture that works', async () => {
  const evidence = await withCaptures('captured-vpc-unowned', { 'client/c': 'vpc-unowned-client' })
  const [draft] = runCheck(check, ask(evidence))
  expect(draft).toMatchObject({
    status: 'fail',
    says: expect.stringMatching(
      /^10\.240\.0\.100 was asked for 6 times, and nobody answered\. The capture works: 10\.240\.0\.11 /,
    ),
  })
  expect(draft?.look).toEqual([
    'aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=10.240.0.100',
  ])
})

test('is what follows from an address that nobody owns, not a second cause', async () => {
  const evidence = await withCaptures('captured-vpc-unowned', { 'client/c': 'vpc-unowned-client' })
  const { causes, verdict } = diagnosisOf(evidence, '10.240.0.100')
  expect(verdict).toBe('unreachable')
  expect(causes.map(({ id }) => id)).toEqual(['delivery/vip-not-owned'])
  expect(causes[0]?.consequences.map(({ id }) => id)).toContain('wire/unanswered-requests')
})

test('passes where the one who asked was answered', async () => {
  const evidence = await withCaptures('captured-vpc-owned', { 'client/c': 'vpc-owned-client' })
  expect(says(check, evidence)).toEqual(['pass', '10.240.0.100 was asked for and answered.'])
})

test('does not apply without a capture', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })[0]).toBe('skipped')
})
