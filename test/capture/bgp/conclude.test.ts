import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bgpVerdict, concludeBgp } from '../../../src/capture/bgp/conclude.ts'
import { bgpObserver } from '../../../src/capture/bgp/observe.ts'
import { mayBeTcp, type Segment } from '../../../src/capture/tcp.ts'
import { parseAddress, type Address } from '../../../src/net/address.ts'
import { captureTruth, segmentsOf, snapped, tcpFramesIn } from '../captures.ts'

const address = (text: string): Address => {
  const parsed = parseAddress(text)
  if (parsed === null) throw new Error(text)
  return parsed
}
const peer = address('10.240.0.50')
const segmentsIn = (name: string): Segment[] => segmentsOf(tcpFramesIn(name))

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

describe('what the capture lacks is never a fault', () => {
  const frames = tcpFramesIn('bgp-established')
  /** 10.240.0.100 is announced at the end of the capture, and 10.240.0.101 was withdrawn. */
  const verdicts = (left: Parameters<typeof segmentsOf>[0]) =>
    ['10.240.0.100', '10.240.0.101'].map((vip) => concluded(segmentsOf(left), vip).conclusions[0]?.verdict)

  test('whichever frame is lost, the VIP that is announced is no fault, and the one that was withdrawn not fine', () => {
    for (const [index] of frames.entries()) {
      const [announced, withdrawn] = verdicts(frames.toSpliced(index, 1))
      expect([index, announced]).not.toEqual([index, 'fault'])
      expect([index, withdrawn]).not.toEqual([index, 'fine'])
    }
  })

  test('nor is it where any two of them are lost', () => {
    const pairs = [...frames.keys()].flatMap((one) => [...frames.keys()].slice(one + 1).map((other) => [one, other]))
    const faults = pairs.filter((lost) => verdicts(frames.filter((_, at) => !lost.includes(at)))[0] === 'fault')
    expect(faults).toEqual([])
  })

  const only = (left: readonly number[]) => left.flatMap((index) => frames[index] ?? [])

  test('nor is it where any of them are lost', () => {
    fc.assert(
      fc.property(fc.subarray([...frames.keys()]), (left) => {
        expect(verdicts(only(left))[0]).not.toBe('fault')
      }),
      { numRuns: 3000 },
    )
  })

  test('nor where only four frames of the session are left, which look like one that has just begun', () => {
    expect(concluded(segmentsOf(only([5, 7, 13, 14])), '10.240.0.100').conclusions[0]).toMatchObject({
      outcome: 'established',
      verdict: 'open',
      says: expect.stringMatching(
        /announces 10\.240\.0\.103\/32; whether 10\.240\.0\.100 was to follow is not known: the capture ends too soon/,
      ),
    })
  })

  test('nor wherever the capture ends', () => {
    for (const [index] of frames.entries())
      expect([index, verdicts(frames.slice(0, index))[0]]).not.toEqual([index, 'fault'])
  })

  test('nor where all are cut, to any length', () => {
    for (let bytes = 10; bytes <= 250; bytes += 1) {
      const [announced, withdrawn] = verdicts(snapped(frames, bytes))
      expect([bytes, announced]).not.toEqual([bytes, 'fault'])
      expect([bytes, withdrawn]).not.toEqual([bytes, 'fine'])
    }
  })

  test('a lost UPDATE is said where it may have been the one', () => {
    const withdrawn = Buffer.from([0, 5, 32, 10, 240, 0, 101])
    const withdrawal = frames.findIndex((frame) =>
      segmentsOf([frame]).some(
        ({ source, payload }) => source.text === '10.240.0.20' && Buffer.from(payload).includes(withdrawn),
      ),
    )
    const { conclusions } = concluded(segmentsOf(frames.toSpliced(withdrawal, 1)), '10.240.0.101')
    expect(conclusions[0]).toMatchObject({
      outcome: 'established',
      verdict: 'open',
      says: expect.stringMatching(
        /whether it was withdrawn since is not known: the capture lacks \d+ bytes of 10\.240/,
      ),
    })
  })

  test('a capture of headers alone says what it lacks', () => {
    const { conclusions } = concluded(segmentsOf(snapped(frames, 60)), '10.240.0.100')
    expect(conclusions[0]).toMatchObject({
      outcome: 'unfinished',
      verdict: 'open',
      says: 'The session of 10.240.0.20 and 10.240.0.50 is connected; whether it was established is not known: the capture lacks 259 bytes of 10.240.0.20 and 275 bytes of 10.240.0.50.',
    })
  })
})

test('one try without an answer may have been answered behind the end of the capture', () => {
  const [syn] = segmentsIn('bgp-refused')
  const { conclusions } = concluded(syn === undefined ? [] : [syn])
  expect(conclusions[0]).toMatchObject({ outcome: 'unfinished', verdict: 'open' })
  expect(concluded(syn === undefined ? [] : [syn, syn]).conclusions[0]).toMatchObject({
    outcome: 'unanswered',
    verdict: 'fault',
  })
})

test('a NOTIFICATION in the segment that ends the connection is read', () => {
  const all = segmentsIn('bgp-wrong-asn')
  const told = all.findIndex(({ payload }) => payload[18] === 3)
  const ended = all.map((segment, index) => (index === told ? { ...segment, fin: true } : segment)).slice(0, told + 1)
  expect(concluded(ended).conclusions[0]).toMatchObject({
    outcome: 'rejected',
    says: expect.stringContaining('Bad Peer AS'),
  })
})

test.each([
  ['raw IP', 101, ''],
  ['raw IPv4', 228, ''],
  ['BSD loopback', 0, '02000000'],
  ['OpenBSD loopback', 108, '00000002'],
  ['PPP', 9, '0021'],
  ['PPP over serial', 50, 'ff030021'],
  ['PPP for pppd', 166, '01030021'],
  ['a VLAN of 0x9100', 1, '0a580af000320a580af0000a910000070800'],
  ['IEEE 802.11', 105, '080200000a580af000320a580af000ff0a580af0000a0000aaaa030000000800'],
])('the same session is read from a capture of %s', (_, linkType, header) => {
  const before = Buffer.from(header, 'hex')
  const frames = tcpFramesIn('bgp-established').map((frame) => ({
    ...frame,
    linkType,
    bytes: Buffer.concat([before, frame.bytes.subarray(14)]),
    originalLength: frame.originalLength - 14 + before.length,
  }))
  for (const { bytes } of frames) expect(mayBeTcp(bytes, 0, bytes.length, linkType)).toBe(true)
  expect(concluded(segmentsOf(frames)).conclusions).toEqual(concluded(segmentsIn('bgp-established')).conclusions)
})
