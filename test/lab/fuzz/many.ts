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
const shortBytes = 512

/** Spoils files for their readers until there were `wanted` inputs, and tells of each crash and of each million. An input that does not end ends the process. */
export function readMany(samples: readonly Sample[], wanted: number, seed: number, tell: (line: string) => void): Many {
  const watch = watchdog()
  const byFolder = new Map<string, number>()
  let [inputs, crashes] = [0, 0]
  for (let round = 0; inputs < wanted; round += 1) {
    const due = samples.filter(({ bytes }) => round % Math.max(1, Math.ceil(bytes.length / shortBytes)) === 0)
    for (const [index, [sample, mutation]] of roundOf(due, seed + round).entries()) {
      if (inputs === wanted) break
      watch.begin(`seed ${String(seed + round)}, input ${String(index)}, ${sample.path}`)
      const crash = crashOf(sample, mutation)
      inputs += 1
      const [folder = ''] = sample.path.split('/')
      byFolder.set(folder, (byFolder.get(folder) ?? 0) + 1)
      if (crash !== null) {
        crashes += 1
        tell(JSON.stringify(crash))
      }
      if (inputs % 1_000_000 === 0) tell(`${String(inputs)} inputs, ${memoryAndTime()}`)
    }
  }
  watch.end()
  return { inputs, byFolder, crashes }
}

function memoryAndTime(): string {
  const { user, system } = process.cpuUsage()
  const mebibytes = Math.round(process.memoryUsage().rss / 1024 ** 2)
  return `${String(Math.round((user + system) / 1e6))} s of the processor, ${String(mebibytes)} MiB`
}
