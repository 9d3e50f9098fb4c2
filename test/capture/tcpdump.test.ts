import { expect, test } from '@jest/globals'
import { mayBeNeighbour } from '../../src/capture/link.ts'
import { readRunning } from '../../src/capture/sources/read-running.ts'
import { tcpdumpWords } from '../../src/capture/sources/tcpdump.ts'
import { spawned } from '../../src/capture/sources/running.ts'
import { capturePath } from './captures.ts'

const listening = 'tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes'

/** A program that captures what a file holds, says some words, and ends as it was told to, or when its input is closed. */
const program = (capture: string, said: string, end: string) =>
  spawned(['sh', '-c', 'cat "$0"; printf "%s\\n" "$1" >&2; eval "$2"', capture, said, end])

async function read(said: string, end: string, stopAfterMs: number | null = null) {
  const stop = new AbortController()
  let frames = 0
  if (stopAfterMs !== null)
    setTimeout(() => {
      stop.abort()
    }, stopAfterMs)
  const source = await readRunning(program(capturePath('metallb-failover-client'), said, end), {
    ...tcpdumpWords,
    ...{ name: 'eth0', patienceMs: 5000, refusal: () => null, wanted: mayBeNeighbour, signal: stop.signal },
    take: () => {
      frames += 1
    },
  })
  return { ...source, frames }
}

test.each([
  ['was killed', listening, 'kill -9 $$', 'tcpdump was killed'],
  [
    'lost its interface',
    `${listening}\ntcpdump: pcap_loop: The interface disappeared`,
    'exit 1',
    'tcpdump said: The interface disappeared',
  ],
  ['ended without a word', listening, 'exit 0', 'tcpdump ended by itself'],
])('a capture whose tcpdump %s ended early, and what it saw counts', async (_, said, end, why) => {
  const { early, frames } = await read(said, end)
  expect(early).toEqual({ seconds: expect.any(Number), why })
  expect(early?.seconds).toBeLessThan(10)
  expect(frames).toBeGreaterThan(0)
})

test('one that ended because it was asked to did not', async () => {
  expect((await read(listening, 'cat >/dev/null', 800)).early).toBeUndefined()
})
