// A large cluster judged from its bundle: every VIP, and one that lands on the node whose rules were read.
import path from 'node:path'
import { temporaryFolder } from './folder.js'
import { writeCluster } from './inputs/cluster.js'
import { byTurns } from './measure.js'

const bin = new URL('../bin/run.js', import.meta.url).pathname

export async function* run() {
  for (const share of [0.1, 0.25, 0.5, 1]) {
    const size = { services: 10_000 * share, nodes: 1000 * share, endpoints: 50_000 * share }
    const folder = path.join(temporaryFolder(), 'bundle')
    const vip = await writeCluster(folder, size)
    const check = [process.execPath, bin, 'check', '--bundle', folder]
    const [all, one] = byTurns([{ command: check }, { command: [...check, `${vip}:80`] }], 5)
    const text = `${size.services} Services, ${size.nodes} nodes, ${size.endpoints} endpoints`
    yield { case: `check of every VIP, ${size.services} Services`, ...all, size: text }
    yield { case: `check of one VIP, ${size.services} Services`, ...one, size: text }
  }
}
