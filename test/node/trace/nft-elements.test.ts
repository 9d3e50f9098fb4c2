import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseAddress } from '../../../src/net/address.ts'
import type { NftTable } from '../../../src/evidence/node/nft.ts'
import { mayMeet } from '../../../src/node/trace/nft-elements.ts'
import { absent, meets, type Value } from '../../../src/node/trace/nft-value.ts'

const table: NftTable = {
  family: 'ip',
  name: 'kube-proxy',
  pointer: '',
  chains: new Map(),
  sets: new Map([['some', { name: 'some', map: false, pointer: '', elements: ['10.0.0.1', 'tcp', 80] }]]),
}

const texts = [
  '10.0.0.1',
  '10.0.0.2',
  'fd00::1',
  'FD00:0::1',
  'tcp',
  'udp',
  'eth0',
  'eth*',
  'unicast',
  'local',
  '@some',
]
const plainElement = fc.oneof(fc.constantFrom<unknown>(...texts), fc.constantFrom(6, 17, 80, 443))
const element = fc.oneof(
  { weight: 4, arbitrary: plainElement },
  { weight: 4, arbitrary: fc.array(plainElement, { minLength: 1, maxLength: 3 }).map((concat) => ({ concat })) },
  fc.constantFrom<unknown>(
    { prefix: { addr: '10.0.0.0', len: 24 } },
    { range: ['10.0.0.1', '10.0.0.9'] },
    { range: [80, 90] },
    { concat: [{ prefix: { addr: '10.0.0.0', len: 24 } }, 80] },
    { '|': ['new', 'established'] },
    { unheardOf: true },
  ),
)
const elements = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: element },
    element.map((val) => ({ elem: { val, comment: 'default/web' } })),
  ),
  { minLength: 16, maxLength: 60 },
)
const addresses = ['10.0.0.1', '10.0.0.2', '10.9.9.9', 'fd00::1'].flatMap((text) => parseAddress(text) ?? [])
const plainValue = fc.constantFrom<Value>(...addresses, 6, 80, 443, 'tcp', 'eth0', 'host', 'local', null)
const value = fc.oneof(plainValue, fc.array(plainValue, { minLength: 1, maxLength: 3 }), fc.constant<Value>(absent))

test('no element that a value meets, or may meet, is left out of the lookup', () => {
  fc.assert(
    fc.property(elements, value, (all, wanted) => {
      const places = mayMeet(all, wanted)
      const met = [...all.keys()].filter((place) => meets(wanted, all[place], table) !== false)
      expect(met.filter((place) => !places.includes(place))).toEqual([])
      expect(places).toEqual([...new Set(places)].sort((one, other) => one - other))
    }),
    { numRuns: 2000 },
  )
})

test('of ten thousand addresses and ports only the one of the packet is looked at', () => {
  const keys = Array.from({ length: 10_000 }, (_, n) => ({
    concat: [`10.240.${String(n >> 8)}.${String(n & 255)}`, 'tcp', 80],
  }))
  const vip = parseAddress('10.240.4.1')
  expect(mayMeet(keys, [vip, 'tcp', 80])).toEqual([1025])
  expect(mayMeet(keys, [vip, 'tcp', 81])).toEqual([])
})
