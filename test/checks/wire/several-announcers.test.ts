import { expect, test } from '@jest/globals'
import check from '../../../src/checks/wire/several-announcers.ts'
import { withCaptures } from '../../capture/captures.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { diagnosisOf } from '../../kit/answers.ts'

test('fails where a stranger answers beside the announcer, and names it', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/stranger': 'stranger-client' })
  const [draft] = runCheck(check, ask(evidence, { fabric: 'lan' }))
  expect(draft).toMatchObject({
    status: 'fail',
    partial: true,
    says: expect.stringMatching(/0a:58:0a:f0:00:4d is no node of this cluster: another host uses the address\.$/),
  })
})

test('a VIP that is claimed by several is not called reachable', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/stranger': 'stranger-client' })
  expect(diagnosisOf(evidence, '10.240.0.100').verdict).toBe('inconclusive')
})

test('passes where one node claims it, and with it the healthy cluster stays reachable', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/announce': 'metallb-announce-client' })
  expect(says(check, evidence, { fabric: 'lan' })[0]).toBe('pass')
  expect(diagnosisOf(evidence, '10.240.0.100').verdict).toBe('reachable')
})

test('does not apply without a capture', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })[0]).toBe('skipped')
})
