import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../answers.ts'
import { editJson, variant, type Json } from '../../fixtures.ts'
import { foundIn } from '../found.ts'

const id = 'control/speaker'

test('ready speakers pass', async () => {
  expect(await foundIn('hard-way-healthy', id)).toEqual([['pass', 'All 4 MetalLB speakers are ready.']])
})

test('a crash loop is read from readiness and restarts, where no waiting reason shows', async () => {
  expect(await foundIn('hard-way-four-faults', id)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^4 of 4 MetalLB speakers are not ready: speaker-bwvcn on worker-1 is not ready after 2 restarts;/,
      ),
    ],
  ])
})

test('on a LAN without any ready speaker it is a cause, on EC2 it is not', async () => {
  const crashed = {
    'kubernetes/pods.json': editJson((list: Json) => {
      for (const { metadata, status } of list.items) {
        if (metadata.labels?.component === 'speaker')
          for (const condition of status.conditions) condition.status = 'False'
      }
    }),
    'kubernetes/servicel2statuses.metallb.io.json': editJson((list: Json) => {
      list.items = []
    }),
  }
  const lan = diagnosisOf(await variant('lan-healthy', crashed), 'default/nginx-lb')
  expect(lan.causes.map((cause) => cause.id)).toContain(id)
  const ec2 = diagnosisOf(await variant('hard-way-healthy', crashed), 'default/nginx-lb')
  expect([ec2.verdict, ec2.alsoWrong.map((finding) => finding.id)]).toEqual(['reachable', [id]])
})
