import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../kit/answers.ts'
import { ids, ownedBy } from '../fabric/ec2/edits.ts'
import { editJson, fixture, variant, type Json } from '../kit/fixtures.ts'

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

test.each([
  [
    'where the nodes translate it, for a Service that is not in the evidence',
    (list: Json) => (list.items = []),
    'hard-way-healthy',
  ],
  ['where Services were not read', null, 'hard-way-healthy'],
  ['where IPVS has it on its own device, which no socket takes', null, 'ipvs'],
] as const)('no node need hold the address %s', async (_, edit, recording) => {
  const change = edit === null ? null : editJson(edit)
  const evidence = await variant(recording, { 'kubernetes/services.json': change })
  const { verdict, findings } = diagnosisOf(evidence, '10.240.0.100:80', '10.240.0.50')
  expect(verdict).toBe('inconclusive')
  expect(findings.find(({ id }) => id === 'endpoint/vip-bound')).toMatchObject({
    status: 'unknown',
    reason: 'taken-otherwise',
    says: expect.stringMatching(/^\S+ translates 10\.240\.0\.100 to 10\.200\.\d\.\d; for whom is not known\.$/),
  })
})

test('a node that neither holds nor translates it drops what comes', async () => {
  const { verdict, causes } = diagnosisOf(
    await variant('hard-way-healthy', {
      'aws/describe-network-interfaces.json': editJson(({ NetworkInterfaces }: Json) => {
        ownedBy(ids.worker0, '10.240.0.199')(NetworkInterfaces)
      }),
    }),
    '10.240.0.199:6443',
    '10.240.0.50',
  )
  expect([verdict, causes.map(({ id }) => id)]).toEqual(['unreachable', expect.arrayContaining(['endpoint/vip-bound'])])
})
