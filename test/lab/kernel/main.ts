// npm run kernel-diff [-- --cases N --seed S]: the tracer against this machine's kernel. Exits with 1 where they disagree.
import { generatedCases } from './cases.ts'
import { compareGenerated, type Tell } from './compare.ts'
import { compareRecordings } from './compare-recordings.ts'
import { cannotOpen } from './lab.ts'
import { smallest } from './smallest.ts'

const flag = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? otherwise : Number(process.argv[at + 1])
}

/** Prints the fewest rules that still show a disagreement. */
const tell: Tell = async (lab, one, disagreement) => {
  console.log(`\n${JSON.stringify(disagreement)}`)
  const small = await smallest(lab, one, disagreement.packet)
  const rules = (small['nft-save'] ?? small['legacy-save'] ?? small.nft ?? '').split('\n')
  console.log(rules.filter((line) => !/^:\S+ (ACCEPT|-) |^(COMMIT)?$/.test(line)).join('\n'))
  console.log(`${JSON.stringify(small.sysctl ?? {})}${'legacy-save' in small ? ' legacy' : ''}`)
}

const reason = cannotOpen()
if (reason === null) {
  const recorded = await compareRecordings(40)
  const known = recorded.reduce((sum, one) => sum + one.cases, 0)
  const wrong = recorded.flatMap(({ name, disagreements }) => (disagreements ?? []).map((one) => ({ name, ...one })))
  for (const one of wrong) console.log(JSON.stringify(one))
  console.log(
    `${String(recorded.length)} rule sets of recordings: ${String(known)} packets, ${String(wrong.length)} wrong`,
  )
  const seed = flag('seed', Date.now() % 1_000_000)
  console.log(`seed ${String(seed)}`)
  const { cases, disagreements, doubtful, refused } = await compareGenerated(
    generatedCases,
    flag('cases', 2000),
    seed,
    tell,
  )
  console.log(`not certain: ${String(doubtful)} packets; not loaded: ${String(refused)} rule sets`)
  const all = disagreements + wrong.length
  console.log(`${String(cases + known)} cases, ${String(all)} disagreements`)
  process.exitCode = all === 0 ? 0 : 1
} else {
  console.error(`kernel-diff needs network namespaces: ${reason}`)
  process.exitCode = 4
}
