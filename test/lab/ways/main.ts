// npm run ways: vipdoctor's verdict against a real client of nodes with two ways in. Exits with 1 where they disagree.
import { cannotOpen } from '../kernel/lab.ts'
import { combinations } from './combinations.ts'
import { compareWays, disagrees, table } from './compare.ts'

const reason = cannotOpen()
if (reason === null) {
  const { compared, skipped } = await compareWays(combinations())
  const wrong = compared.filter(disagrees)
  for (const one of wrong) console.log(JSON.stringify(one))
  console.log(table(compared))
  const open = compared.filter(({ verdict }) => verdict === 'inconclusive').length
  if (skipped.length > 0)
    console.log(`\n${String(skipped.length)} more, with a VLAN, were skipped: this kernel has no such device.`)
  console.log(
    `\n${String(compared.length)} combinations, ${String(open)} left open, ${String(wrong.length)} disagreements`,
  )
  process.exitCode = wrong.length === 0 ? 0 : 1
} else {
  console.error(`ways needs network namespaces: ${reason}`)
  process.exitCode = 4
}
