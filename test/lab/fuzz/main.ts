// npm run fuzz [-- --seconds N --seed S]: spoilt files of every recording through every reader. Exits with 1 where one throws or hangs.
import { crashOf, roundOf } from './crashes.ts'
import { recordedSamples } from './samples.ts'
import { truncationsOf } from './truncation.ts'

const flag = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? otherwise : Number(process.argv[at + 1])
}

const seed = flag('seed', Date.now() % 1_000_000)
const until = Date.now() + flag('seconds', 60) * 1000
console.log(`seed ${String(seed)}`)
const samples = await recordedSamples()
let inputs = 0
let crashes = 0
for (let round = 0; Date.now() < until; round += 1) {
  for (const [sample, mutation] of roundOf(samples, seed + round)) {
    if (Date.now() >= until) break
    inputs += 1
    const crash = crashOf(sample, mutation)
    if (crash === null) continue
    crashes += 1
    console.log(JSON.stringify(crash))
  }
  if (round > 0) continue
  for await (const { inputs: cuts, wrong } of truncationsOf(seed, 40)) {
    inputs += cuts
    crashes += wrong.length
    for (const one of wrong) console.log(one)
  }
}
console.log(`${String(inputs)} inputs, ${String(crashes)} crashes`)
process.exitCode = crashes === 0 ? 0 : 1
