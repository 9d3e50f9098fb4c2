// What one more trace costs once a node's rules were read: other VIPs of the same 10,000 Services, one after the other.
import path from 'node:path'
import { packetsToTrace } from '../dist/diagnosis/trace-target.js'
import { tracedPacket } from '../dist/diagnosis/traced-packet.js'
import { openBundle } from '../dist/collect/open-bundle.js'
import { temporaryFolder } from './folder.js'
import { iptablesDump } from './inputs/iptables.js'
import { nftRuleset } from './inputs/nft.js'
import { nodeAddress, writeNodeBundle } from './inputs/node.js'
import { servicesOf } from './inputs/services.js'
import { median } from './measure.js'

/** Timed in this process: another revision is compared by its own benchmark. */
export const inside = true

const asked = { client: { kind: 'vpc' }, fabric: 'lan', vpcId: null }

function timed(evidence, { vip }) {
  const start = process.hrtime.bigint()
  const [question] = packetsToTrace(evidence, `${vip}:80`, asked)
  const { parts, gap } = tracedPacket(evidence, question, 'worker-0')
  if (gap !== null || parts[0].journeys.length !== 5) throw new Error(`${vip} was not traced`)
  return Number(process.hrtime.bigint() - start) / 1e9
}

export async function* run() {
  const folder = temporaryFolder()
  const services = servicesOf(10_000, 5)
  for (const [what, file, rules] of [
    ['iptables', 'iptables-legacy-save.txt', iptablesDump(services)],
    ['nftables', 'nft-ruleset.json', nftRuleset(services, nodeAddress)],
  ]) {
    const bundle = path.join(folder, what)
    writeNodeBundle(bundle, file, rules)
    const evidence = await openBundle(bundle)
    const [, second, ...others] = services.filter((_, n) => n % 97 === 0).map((service) => timed(evidence, service))
    yield { case: `${what}, the second VIP`, seconds: second, size: '10,000 Services' }
    yield {
      case: `${what}, any later VIP`,
      seconds: median(others),
      size: `10,000 Services, median of ${others.length}`,
    }
  }
}
