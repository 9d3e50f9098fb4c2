import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { bgpObserver } from '../../../src/capture/bgp/observe.ts'
import { notificationText, takeMessages } from '../../../src/capture/bgp/messages.ts'
import { stream } from '../../../src/capture/bgp/stream.ts'
import type { Segment } from '../../../src/capture/tcp.ts'
import { parseAddress } from '../../../src/net/address.ts'
import { testNeeding } from '../../kit/needing.ts'
import { capturePath, segmentsOf, tcpFramesIn } from '../captures.ts'

const peer = parseAddress('10.240.0.50')

const message = (type: number, body: readonly number[]) => [
  ...Array<number>(16).fill(0xff),
  0,
  19 + body.length,
  type,
  ...body,
]

test.each([
  ['a keepalive', message(4, []), [{ type: 'keepalive' }]],
  [
    'an OPEN with a two-byte AS',
    message(1, [4, 0xfc, 0, 0, 90, 10, 240, 0, 20, 0]),
    [{ type: 'open', as: 64512, holdSeconds: 90, identifier: '10.240.0.20' }],
  ],
  [
    'an OPEN with a four-byte AS',
    message(1, [4, 0x5b, 0xa0, 0, 90, 10, 240, 0, 20, 8, 2, 6, 65, 4, 0xfb, 0xf0, 0, 1]),
    [{ type: 'open', as: 4226809857, holdSeconds: 90, identifier: '10.240.0.20' }],
  ],
  [
    'an UPDATE that withdraws one prefix and announces two',
    message(2, [0, 5, 32, 10, 240, 0, 101, 0, 0, 24, 172, 20, 0, 0]),
    [{ type: 'update', announced: ['172.20.0.0/24', '0.0.0.0/0'], withdrawn: ['10.240.0.101/32'] }],
  ],
  [
    'an UPDATE of IPv6',
    message(2, [0, 0, 0, 13, 0x90, 14, 0, 9, 0, 2, 1, 0, 0, 16, 0xfd, 0, 0]),
    [{ type: 'update', announced: ['fd00::/16', '::/0'], withdrawn: [] }],
  ],
  ['a NOTIFICATION', message(3, [2, 2, 1]), [{ type: 'notification', code: 2, subcode: 2 }]],
] as const)('%s is read', (_name, bytes, messages) => {
  expect(takeMessages(Uint8Array.from(bytes))).toEqual({ messages, used: bytes.length, problem: null })
  expect(takeMessages(Uint8Array.from(bytes.slice(0, -1)))).toEqual({ messages: [], used: 0, problem: null })
})

test('what speaks something else on port 179 is said to', () => {
  expect(takeMessages(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n'))).toMatchObject({
    messages: [],
    problem: 'it does not speak BGP: a message without its marker',
  })
})

test('errors have the names of the RFC', () => {
  expect([notificationText(2, 2), notificationText(6, 5), notificationText(3, 9), notificationText(99, 1)]).toEqual([
    '2/2 (Bad Peer AS)',
    '6/5 (Connection Rejected)',
    '3/9 (UPDATE Message Error)',
    '99/1',
  ])
})

test('any bytes are read without a throw', () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 4, 9), fc.uint8Array({ maxLength: 80 }), (type, body) => {
      const { used } = takeMessages(Uint8Array.from(message(type, [...body])))
      expect(used).toBe(19 + body.length)
      takeMessages(body)
    }),
  )
})

test('segments in any order, repeated and overlapping, give the same bytes', () => {
  const text = Uint8Array.from({ length: 40 }, (_, index) => index)
  const start = 0xfffffff0
  const at = (from: number, to: number): Segment => ({
    timeNs: 0n,
    source: peer ?? fail(),
    sourcePort: 1,
    destination: peer ?? fail(),
    destinationPort: 179,
    sequence: (start + 1 + from) >>> 0,
    syn: false,
    ack: true,
    fin: false,
    rst: false,
    acknowledged: 0,
    missing: 0,
    payload: text.subarray(from, to),
  })
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 39 }), { maxLength: 6 })
  fc.assert(
    fc.property(cuts, fc.infiniteStream(fc.nat({ max: 3 })), (middle, extra) => {
      const edges = [0, ...middle.toSorted((one, other) => one - other), 40]
      const pieces = edges.slice(1).map((to, index) => at(Math.max(0, (edges[index] ?? 0) - extra.next().value), to))
      const { begin, push } = stream()
      begin((start + 1) >>> 0)
      const out = [...pieces.toReversed(), ...pieces].flatMap(push).map(({ bytes }) => bytes)
      expect(Buffer.concat(out)).toEqual(Buffer.from(text))
    }),
  )
})

const withTshark = testNeeding('tshark')

withTshark.each(['bgp-established', 'bgp-refused', 'bgp-wrong-asn'])(
  '%s has the messages that tshark counts',
  (name) => {
    const printed = execFileSync('tshark', ['-r', capturePath(name), '-Y', 'bgp', '-T', 'fields', '-e', 'bgp.type'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const numbers = { open: 1, update: 2, notification: 3, keepalive: 4 } as const
    const { see } = bgpObserver(peer ?? fail())
    const ours = segmentsOf(tcpFramesIn(name))
      .flatMap((segment) => see(segment))
      .flatMap(({ what }) => (what.type in numbers ? [numbers[what.type as keyof typeof numbers]] : []))
    expect(ours.map(String)).toEqual(printed.split(/[\s,]+/).filter((text) => text !== ''))
  },
)

function fail(): never {
  throw new Error('no address')
}
