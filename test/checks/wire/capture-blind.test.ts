import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { interfaceBlock, packetBlock, sectionHeader } from '../../../src/capture/pcapng-writer.ts'
import { recordedCaptures } from '../../../src/capture/recorded.ts'
import unanswered from '../../../src/checks/wire/unanswered-requests.ts'
import check from '../../../src/checks/wire/capture-blind.ts'
import { capturePath, framesIn, snapped, withCaptures } from '../../capture/captures.ts'
import { byBgp } from '../../kit/bgp.ts'
import { fixture, variant } from '../../kit/fixtures.ts'
import { ask, runCheck, says } from '../../kit/ask.ts'

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

/** A pcap with the frames of a recorded one, of which it keeps so many bytes, as of another link type. */
function remade(name: string, linkType: number, bytes: number): Buffer {
  const { frames } = framesIn(readFileSync(capturePath(name)), () => true)
  const records = snapped(frames, bytes).map((frame) => packetBlock(frame, 0))
  return Buffer.concat([sectionHeader(), interfaceBlock(linkType), ...records])
}

test.each([
  [
    'is of a link type that is not known',
    remade('silence-client', 242, 200),
    /^\d+ frames of link type 242 \(IP over InfiniBand\), which vipdoctor does not know$/,
  ],
  [
    'keeps too little of each frame',
    remade('silence-client', 1, 40),
    /^it has too little of \d+ messages to read them \(tcpdump -s 0 keeps all\)$/,
  ],
])('a capture that %s is no proof of anything, and says why', async (_, bytes, reason) => {
  const evidence = await variant('lan-healthy', { 'captures/client/odd.pcapng': bytes })
  const findings = runCheck(unanswered, ask(evidence, { fabric: 'lan' }))
  expect(findings.map(({ status }) => status)).not.toContain('fail')
  expect(findings.map(({ status }) => status)).not.toContain('pass')
  expect(recordedCaptures(evidence)[0]?.gap?.reason).toMatch(reason)
  const [blind] = runCheck(check, ask(evidence, { fabric: 'lan' }))
  expect(blind?.status).not.toBe('pass')
})

test('does not apply without a capture', async () => {
  expect(says(check, await fixture('lan-healthy'), { fabric: 'lan' })).toEqual([
    'skipped',
    'No capture is in the evidence.',
  ])
})

test('does not apply to what BGP alone announces', async () => {
  const bytes = readFileSync(capturePath('metallb-quiet-client'))
  const evidence = await variant('lan-healthy', { ...byBgp(), 'captures/client/quiet.pcap': bytes })
  expect(says(check, evidence, { fabric: 'lan' })).toEqual([
    'skipped',
    'BGP announces the VIP: nobody asks for it, and silence is no question.',
  ])
})
