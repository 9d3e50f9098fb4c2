import { expect, test } from '@jest/globals'
import { diagnosisOfFixture } from '../../kit/answers.ts'
import { foundIn } from '../../kit/found.ts'

const id = 'translation/no-local-endpoint'

test('an owner with a local endpoint passes', async () => {
  expect(await foundIn('etp-local', id)).toEqual([
    ['pass', 'worker-0 does not drop packets for 10.240.0.100:80 for want of a local endpoint.'],
  ])
})

test('does not apply to externalTrafficPolicy Cluster', async () => {
  expect((await foundIn('hard-way-healthy', id))[0]?.[0]).toBe('skipped')
})

test('an owner without one drops, and the cause is that the address stands on the wrong node', async () => {
  expect(await foundIn('etp-local-moved', id)).toEqual([
    [
      'fail',
      'kube-proxy on worker-0 drops packets for 10.240.0.100:80: externalTrafficPolicy is Local, and no endpoint is on worker-0.',
    ],
  ])
  const { causes } = await diagnosisOfFixture('etp-local-moved')
  expect(causes.map((cause) => [cause.id, cause.consequences.map((one) => one.id)])).toEqual([
    ['delivery/owner-not-announcer', [id]],
  ])
})
