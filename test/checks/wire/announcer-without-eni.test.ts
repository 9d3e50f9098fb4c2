import { expect, test } from '@jest/globals'
import check from '../../../src/checks/wire/announcer-without-eni.ts'
import { withCaptures } from '../../capture/captures.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { diagnosisOf } from '../../kit/answers.ts'

test('fails, and follows from it, where a node announces what no interface holds', async () => {
  const evidence = await withCaptures('captured-vpc-unowned', { 'controller-0/eth0': 'vpc-unowned-speaker-node' })
  expect(runCheck(check, ask(evidence))[0]).toMatchObject({
    status: 'fail',
    says: expect.stringMatching(
      /announced by controller-0 .*no network interface of the account holds it\. The frames leave controller-0, and in a VPC they reach nobody/,
    ),
  })
  const { causes } = diagnosisOf(evidence, '10.240.0.100')
  expect(causes.map(({ id }) => id)).toEqual(['delivery/vip-not-owned'])
  expect(causes[0]?.consequences.map(({ id }) => id)).toContain(check.id)
})

test('passes where an interface holds what is announced', async () => {
  const evidence = await withCaptures('captured-vpc-owned', { 'controller-0/eth0': 'vpc-unowned-speaker-node' })
  expect(runCheck(check, ask(evidence))[0]).toMatchObject({
    status: 'pass',
    says: expect.stringMatching(/the VPC delivers 10\.240\.0\.100 to worker-1/),
  })
})

test('does not apply on a LAN', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })[0]).toBe('skipped')
})
