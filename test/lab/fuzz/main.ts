// npm run fuzz [-- --seconds N --seed S]: spoilt files of every recording through every reader, and a whole check of spoilt recordings in every
// format. With --inputs N in the place of --seconds: readers alone, N inputs. Exits with 1 where one throws or hangs, takes a gigabyte, or says that a VIP can be reached because less is known.
import fc from 'fast-check'
import { fixtureNames } from '../../kit/fixtures.ts'
import { crashOf, roundOf } from './crashes.ts'
import { readMany } from './many.ts'
import { recordedSamples } from './samples.ts'
import { spoils } from './spoils.ts'
import { truncationsOf } from './truncation.ts'
import { watchdog } from './watchdog.ts'
import { recordingOf, wrongOf } from './whole.ts'

const flag = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? otherwise : Number(process.argv[at + 1])
}

const seed = flag('seed', Date.now() % 1_000_000)
console.log(`seed ${String(seed)}`)
const samples = await recordedSamples()
process.exitCode = (await (process.argv.includes('--inputs') ? many() : mixed())) === 0 ? 0 : 1

/** Readers alone, as many inputs as are asked for. */
function many(): number {
  const { inputs, byFolder, crashes } = readMany(samples, flag('inputs', 0), seed, console.log)
  for (const [folder, count] of byFolder) console.log(`${folder}: ${String(count)}`)
  console.log(`${String(inputs)} inputs to readers, ${String(crashes)} wrong`)
  return crashes
}

/** Readers, whole checks and rules cut short, in turns, for as long as is asked for. */
async function mixed(): Promise<number> {
  const watch = watchdog()
  const until = Date.now() + flag('seconds', 60) * 1000
  let inputs = 0
  let wholes = 0
  let crashes = 0
  for (let round = 0; Date.now() < until; round += 1) {
    for (const [sample, mutation] of roundOf(samples, seed + round)) {
      if (Date.now() >= until) break
      inputs += 1
      watch.begin(`seed ${String(seed + round)}, ${sample.path}, ${JSON.stringify(mutation)}`)
      const crash = crashOf(sample, mutation)
      if (crash === null) continue
      crashes += 1
      console.log(JSON.stringify(crash))
    }
    const drawn = fc.sample(spoils, { seed: seed + round, numRuns: fixtureNames.length })
    for (const [index, name] of fixtureNames.entries()) {
      if (Date.now() >= until) break
      wholes += 1
      watch.begin(`seed ${String(seed + round)}, ${name}, ${JSON.stringify(drawn[index])}`)
      const wrong = wrongOf(await recordingOf(name), drawn[index] ?? [])
      if (wrong === null) continue
      crashes += 1
      console.log(JSON.stringify(wrong))
    }
    if (round > 0) continue
    for await (const { inputs: cuts, wrong } of truncationsOf(seed, 40)) {
      inputs += cuts
      watch.begin('rules cut short')
      crashes += wrong.length
      for (const one of wrong) console.log(one)
    }
  }
  watch.end()
  console.log(`${String(inputs)} inputs to readers, ${String(wholes)} whole checks, ${String(crashes)} wrong`)
  return crashes
}
