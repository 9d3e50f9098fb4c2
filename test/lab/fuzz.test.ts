import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { crashOf, roundOf } from './fuzz/crashes.ts'
import { recordedSamples } from './fuzz/samples.ts'
import { spoils } from './fuzz/spoils.ts'
import { truncationsOf } from './fuzz/truncation.ts'
import { recordingOf, wrongOf } from './fuzz/whole.ts'

// A short `npm run fuzz`. The files of three recordings, one of each mode of kube-proxy, stand for all.
const modes = new Set(['hard-way-l2', 'nftables-source-ranges', 'ipvs'])

test('no spoilt file makes a reader throw or hang', async () => {
  const samples = await recordedSamples((bundle) => modes.has(bundle))
  expect(samples.length).toBeGreaterThan(100)
  const rounds = [1, 2, 3].flatMap((seed) => roundOf(samples, seed))
  expect(rounds.flatMap(([sample, mutation]) => crashOf(sample, mutation) ?? [])).toEqual([])
})

test('of rules that end too early the tracer is never sure that they translate nothing', async () => {
  let inputs = 0
  for await (const judged of truncationsOf(1, 4)) {
    expect(judged.wrong).toEqual([])
    inputs += judged.inputs
  }
  expect(inputs).toBeGreaterThan(500)
})

test.each([...modes, 'lan-forward-reject', 'control-plane-vip'])(
  'a whole check of %s, spoilt, ends with a verdict or a word on what is wrong, and less never makes a VIP reachable',
  async (name) => {
    const recording = await recordingOf(name)
    expect([0, 1, 3]).toContain(recording.exitCode)
    const drawn = fc.sample(spoils, { seed: 1, numRuns: 6 })
    expect(drawn.flatMap((one) => wrongOf(recording, one) ?? [])).toEqual([])
  },
)
