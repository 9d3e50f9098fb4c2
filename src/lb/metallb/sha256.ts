import { hash } from 'node:crypto'

/*
 * SHA-256 (FIPS 180-4) of short texts. An election hashes every node for every VIP, ten million texts of thirty letters in a large cluster:
 * a call of the crypto library costs four times what one block does.
 */

/** The first two of the eight words of a digest, as one number of 53 bits: enough to tell digests apart, and in their order. */
export function sha256Start(text: string): number {
  const length = text.length
  if (length > longest) return startOf(text)
  let word = 0
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return startOf(text)
    word = (word << 8) | code
    if ((at & 3) === 3) {
      schedule[at >> 2] = word
      word = 0
    }
  }
  // The end of the message, then its length in bits in the last two words.
  schedule[length >> 2] = ((word << 8) | 0x80) << (24 - (length & 3) * 8)
  schedule.fill(0, (length >> 2) + 1, 15)
  schedule[15] = length * 8
  return compressed()
}

/** What fits into one block with the bit that ends it and the length. */
const longest = 55

const startOf = (text: string): number => Number(BigInt(`0x${hash('sha256', text, 'hex').slice(0, 16)}`) >> 11n)

const schedule = new Int32Array(64)
const constants = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)))
const initial = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)))

function primes(count: number): number[] {
  const found: number[] = []
  for (let number = 2; found.length < count; number += 1)
    if (found.every((prime) => number % prime !== 0)) found.push(number)
  return found
}

/** The first 32 bits behind the point. */
function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32) | 0
}

function compressed(): number {
  const w = schedule
  for (let at = 16; at < 64; at += 1) {
    const near = w[at - 2] ?? 0
    const far = w[at - 15] ?? 0
    const one = ((near >>> 17) | (near << 15)) ^ ((near >>> 19) | (near << 13)) ^ (near >>> 10)
    const other = ((far >>> 7) | (far << 25)) ^ ((far >>> 18) | (far << 14)) ^ (far >>> 3)
    w[at] = ((w[at - 16] ?? 0) + other + (w[at - 7] ?? 0) + one) | 0
  }
  let a = initial[0] ?? 0
  let b = initial[1] ?? 0
  let c = initial[2] ?? 0
  let d = initial[3] ?? 0
  let e = initial[4] ?? 0
  let f = initial[5] ?? 0
  let g = initial[6] ?? 0
  let h = initial[7] ?? 0
  for (let at = 0; at < 64; at += 1) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const choice = (e & f) ^ (~e & g)
    const first = (h + sum1 + choice + (constants[at] ?? 0) + (w[at] ?? 0)) | 0
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const majority = (a & b) ^ (a & c) ^ (b & c)
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + sum0 + majority) | 0
  }
  const [high, low] = [(a + (initial[0] ?? 0)) >>> 0, (b + (initial[1] ?? 0)) >>> 0]
  return high * 2 ** 21 + (low >>> 11)
}
