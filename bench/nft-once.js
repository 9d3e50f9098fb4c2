// One reading of an nftables ruleset, in a process of its own: `trace` reads it as evidence and traces a VIP, `parse` only parses its JSON.
import { readFileSync } from 'node:fs'
import { packetsToTrace } from '../dist/diagnosis/trace-target.js'
import { tracedPacket } from '../dist/diagnosis/traced-packet.js'
import { openBundle } from '../dist/collect/open-bundle.js'

const [what, bundle, file, vip] = process.argv.slice(2)
const evidence = await openBundle(bundle)
const asked = { client: { kind: 'vpc' }, fabric: 'lan', vpcId: null }
const start = process.hrtime.bigint()
if (what === 'parse') JSON.parse(readFileSync(file, 'utf8'))
else {
  const [question] = packetsToTrace(evidence, `${vip}:80`, asked)
  const { parts, gap } = tracedPacket(evidence, question, 'worker-0')
  if (gap !== null || parts[0].journeys.length !== 5) throw new Error(`not traced: ${JSON.stringify(gap)}`)
}
const seconds = Number(process.hrtime.bigint() - start) / 1e9
console.log(JSON.stringify({ seconds, residentMiB: process.resourceUsage().maxRSS / 1024 }))
