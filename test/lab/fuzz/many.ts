import { crashOf, roundOf } from './crashes.ts'
import type { Sample } from './samples.ts'
import { watchdog } from './watchdog.ts'

/** What came of a long run: inputs of each top folder, crashes, and what the process held at its end. */
export interface Many {
  readonly inputs: number
  readonly byFolder: ReadonlyMap<string, number>
  readonly crashes: number
}

/** A file this long is spoilt in every round, one n times as long in every nth: a million short inputs find more than a thousand long ones. */
const shortBytes = 1024

/** Spoils files for their readers until there were `wanted` inputs, and tells of each crash and of each million. An input that does not end ends the process. */
export function readMany(samples: readonly Sample[], wanted: number, seed: number, tell: (line: string) => void): Many {
  const watch = watchdog(samples.map(({ path }) => path))
  const byFolder = new Map<string, number>()
  const start = performance.now()
  let [inputs, crashes] = [0, 0]
  for (let round = 0; inputs < wanted; round += 1) {
    for (const [index, [sample, mutation]] of roundOf(samples, seed + round).entries()) {
      if (inputs === wanted) break
      if (round % Math.ceil(sample.bytes.length / shortBytes) !== 0) continue
      watch.begin(seed + round, index)
      const crash = crashOf(sample, mutation)
      inputs += 1
      const [folder = ''] = sample.path.split('/')
      byFolder.set(folder, (byFolder.get(folder) ?? 0) + 1)
      if (crash !== null) {
        crashes += 1
        tell(JSON.stringify(crash))
      }
      if (inputs % 1_000_000 === 0) tell(`${String(inputs)} inputs, ${memoryAndTime(start)}`)
    }
  }
  watch.end()
  return { inputs, byFolder, crashes }
}

function memoryAndTime(start: number): string {
  const mebibytes = Math.round(process.memoryUsage().rss / 1024 ** 2)
  return `${String(Math.round((performance.now() - start) / 1000))} s, ${String(mebibytes)} MiB`
}
