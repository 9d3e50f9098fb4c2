import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import { fixture, variant } from '../kit/fixtures.ts'

test('an address that nothing names is judged as far as the network goes', async () => {
  const evidence = await fixture('hard-way-healthy')
  const diagnosis = diagnosisOf(evidence, '10.240.0.199:6443', '10.240.0.50')
  expect(diagnosis.verdict).toBe('unreachable')
  expect(diagnosis.causes[0]?.id).toBe('delivery/vip-not-owned')
})

test('also with the account alone', async () => {
  const evidence = await variant('hard-way-l2', { 'kubernetes/': null, 'nodes/': null })
  const diagnosis = diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50')
  expect(diagnosis.verdict).toBe('unreachable')
  expect(diagnosis.causes[0]?.id).toBe('delivery/vip-not-owned')
})

test('never calls it reachable: what answers there is not known', async () => {
  const evidence = await variant('hard-way-healthy', { 'kubernetes/': null })
  expect(diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50').verdict).toBe('inconclusive')
})
