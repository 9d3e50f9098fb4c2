import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { bgpVerdict, concludeBgp } from '../../../src/capture/bgp/conclude.ts'
import { bgpObserver } from '../../../src/capture/bgp/observe.ts'
import { decodeSegment, mayBeTcp, type Segment } from '../../../src/capture/tcp.ts'
import { parseAddress, type Address } from '../../../src/net/address.ts'
import { captureTruth, capturePath, framesIn } from '../captures.ts'

const address = (text: string): Address => {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(text)
  return parsed
}
const peer = address('10.240.0.50')
const segmentsIn = (name: string): Segment[] =>
  framesIn(readFileSync(capturePath(name)), mayBeTcp).frames.flatMap((frame) => decodeSegment(frame) ?? [])

function concluded(segments: readonly Segment[], vip: string | null = null) {
  const { see, sessions } = bgpObserver(peer)
  for (const segment of segments) see(segment)
  return { sessions: sessions(), conclusions: concludeBgp(sessions(), peer, vip === null ? null : address(vip)) }
}

test('an established session names both sides and what is announced now', () => {
  const { conclusions, sessions } = concluded(segmentsIn('bgp-established'), '10.240.0.100')
  expect(conclusions).toMatchObject([
    {
      outcome: 'established',
      verdict: 'fine',
      says: expect.stringMatching(/AS 64512 and AS 64513\) is established.*that covers 10\.240\.0\.100\.$/),
    },
    { outcome: 'not-tried', verdict: 'open', says: expect.stringMatching(/^10\.240\.0\.21 did not try/) },
  ])
  expect(bgpVerdict(conclusions)).toBe('fine')
  const truth = captureTruth['bgp-established'] as { announced: string[]; withdrawn: string[] }
  const own = sessions.find(({ state }) => state === 'established')
  expect(
    truth.announced
      .filter((prefix) => !truth.withdrawn.includes(prefix))
      .every((prefix) => own?.prefixes.from.includes(prefix)),
  ).toBe(true)
  expect(own?.prefixes.from).not.toContain(truth.withdrawn[0])
})

test('a VIP that was withdrawn is not called announced', () => {
  const { conclusions } = concluded(segmentsIn('bgp-established'), '10.240.0.101')
  expect(conclusions[0]).toMatchObject({
    verdict: 'fault',
    says: expect.stringMatching(/nothing that covers 10\.240\.0\.101\.$/),
  })
})

test('of a session that began before the capture it is not known what was announced before', () => {
  const all = segmentsIn('bgp-established')
  const late = all.slice(all.findLastIndex(({ syn }) => syn) + 16)
  const { conclusions } = concluded(late, '10.240.0.103')
  expect(conclusions[0]).toMatchObject({ host: { text: '10.240.0.20' }, verdict: 'open' })
})

test('a peer where nobody listens refuses', () => {
  const { conclusions } = concluded(segmentsIn('bgp-refused'))
  expect(conclusions).toMatchObject([
    {
      outcome: 'refused',
      verdict: 'fault',
      says: '10.240.0.50 refuses 10.240.0.20: nobody listens on its port 179, or a firewall rejects (5 tries).',
    },
  ])
})

test('a wrong AS number is named, however often it is tried', () => {
  const { conclusions } = concluded(segmentsIn('bgp-wrong-asn'))
  expect(conclusions[0]).toMatchObject({
    outcome: 'rejected',
    verdict: 'fault',
    says: expect.stringMatching(
      /^10\.240\.0\.50 ended the session .* with 2\/2 \(Bad Peer AS\): it expects another number than AS 64512; \d+ sessions were tried\.$/,
    ),
  })
})

test('a try that nothing answers is told from one that is refused', () => {
  const { conclusions } = concluded(segmentsIn('bgp-refused').filter(({ rst }) => !rst))
  expect(conclusions[0]).toMatchObject({ outcome: 'unanswered', verdict: 'fault' })
})

test('without any BGP nothing is concluded', () => {
  const { conclusions } = concluded([])
  expect([conclusions, bgpVerdict(conclusions)]).toEqual([[], 'open'])
})
