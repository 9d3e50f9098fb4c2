import fc from 'fast-check'
import { mutated, mutations, type Mutation } from './mutations.ts'
import { readAll } from './readers.ts'
import type { Sample } from './samples.ts'

/** An input that a reader threw at, or took too long for. */
export interface Crash {
  readonly path: string
  readonly mutation: Mutation
  readonly what: string
}

/** No input takes longer of the processor, whoever else uses it; the longest recording takes some tens of milliseconds. */
const longestMs = 5000

/** Reads one spoilt file; null where all is well. */
export function crashOf({ path, bytes }: Sample, mutation: Mutation): Crash | null {
  const start = process.cpuUsage()
  try {
    readAll(path, mutated(bytes, mutation))
  } catch (error) {
    return { path, mutation, what: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  const { user, system } = process.cpuUsage(start)
  const took = (user + system) / 1000
  return took > longestMs ? { path, mutation, what: `took ${took.toFixed(0)} ms` } : null
}

/** Mutations of a round, one for each sample. */
export const roundOf = (samples: readonly Sample[], seed: number): readonly (readonly [Sample, Mutation])[] => {
  const drawn = fc.sample(mutations, { seed, numRuns: samples.length })
  return samples.flatMap((sample, index) => (drawn[index] === undefined ? [] : [[sample, drawn[index]] as const]))
}
