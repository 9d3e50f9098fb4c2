import { expect, test } from '@jest/globals'
import check from '../../../src/checks/wire/announcer-not-predicted.ts'
import { withCaptures } from '../../capture/captures.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'
import { readFileSync } from 'node:fs'
import { capturePath } from '../../capture/captures.ts'
import { variant } from '../../kit/fixtures.ts'

test('passes where the announcer on the wire is the one of the status', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/announce': 'metallb-announce-client' })
  expect(says(check, evidence, { fabric: 'lan' })).toEqual(['pass', 'controller-0 claims 10.240.0.100, as it should.'])
})

test('warns where another node claims it', async () => {
  const evidence = await variant('lan-healthy', {
    'captures/client/announce.pcap': readFileSync(capturePath('metallb-announce-client')),
    'kubernetes/servicel2statuses.metallb.io.json': (text) => text.replaceAll('controller-0', 'worker-1'),
  })
  expect(runCheck(check, ask(evidence, { fabric: 'lan' }))[0]).toMatchObject({
    status: 'warn',
    says: expect.stringMatching(/^controller-0 claims 10\.240\.0\.100 on the wire, but worker-1 should/),
  })
})

test('does not apply in a VPC', async () => {
  expect(says(check, await fixture('hard-way-healthy'))[0]).toBe('skipped')
})
