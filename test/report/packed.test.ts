import { describe, expect, it } from '@jest/globals'
import { packing, unpacked } from '../../src/report/packed.ts'

const text = `{"says": "kube-proxy’s rules, 日本, 🛰", "n": ${'0123456789'.repeat(100_000)}}`

describe('packing what a report keeps', () => {
  it('leaves the texts of a few VIPs as they are', () => {
    const pack = packing()
    expect([text, text].map(pack)).toEqual([text, text])
  })

  it('packs those of many, and gives each back as it was', () => {
    const pack = packing()
    const packed = Array.from({ length: 20 }, (_, nth) => pack(`${String(nth)} ${text}`))
    expect(packed.at(0)).toBe(`0 ${text}`)
    expect(packed.at(-1)?.length).toBeLessThan(text.length / 50)
    expect(packed.map(unpacked)).toEqual(packed.map((_, nth) => `${String(nth)} ${text}`))
  })
})
