import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { sha256Start } from '../../src/lb/metallb/sha256.ts'

const texts = fc.oneof(
  fc.string({ maxLength: 60, unit: 'binary-ascii' }),
  fc.string({ maxLength: 70 }),
  fc.string({ maxLength: 30, unit: 'grapheme' }),
)

test('the digests that elect an announcer are those of the crypto library', () => {
  const start = (text: string) =>
    Number(BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 16)}`) >> 11n)
  for (const text of ['', 'abc', 'worker-0#10.240.0.100', 'n'.repeat(55), 'n'.repeat(56)])
    expect(sha256Start(text)).toBe(start(text))
  fc.assert(
    fc.property(texts, (text) => {
      expect(sha256Start(text)).toBe(start(text))
    }),
    { numRuns: 500 },
  )
})
