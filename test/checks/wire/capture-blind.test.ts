import { expect, test } from '@jest/globals'
import check from '../../../src/checks/wire/capture-blind.ts'
import { withCaptures } from '../../capture/captures.ts'
import { fixture } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../fabric/ec2/ask.ts'

test('warns where a silent capture does not show that it works', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/quiet': 'metallb-quiet-client' })
  expect(runCheck(check, ask(evidence, { fabric: 'lan' }))).toMatchObject([
    {
      status: 'warn',
      subject: 'capture/captures/client/quiet.pcap',
      says: expect.stringMatching(/^Silence about 10\.240\.0\.100, unproven\./),
    },
  ])
})

test('passes where an exchange with another host stands in it', async () => {
  const evidence = await withCaptures('lan-healthy', { 'client/silence': 'silence-client' })
  expect(says(check, evidence, { fabric: 'lan' })).toEqual([
    'pass',
    'The capture works: 10.240.0.10 was asked for and answered (0a:58:0a:f0:00:0a).',
  ])
})

test('does not apply without a capture', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })).toEqual([
    'skipped',
    'No capture is in the evidence.',
  ])
})
