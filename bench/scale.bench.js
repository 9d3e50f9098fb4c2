// A large cluster judged from its bundle: every VIP, and one that lands on the node whose rules were read.
import path from 'node:path'
import { temporaryFolder } from './folder.js'
import { writeCluster } from './inputs/cluster.js'
import { byTurns } from './measure.js'

const bin = new URL('../bin/run.js', import.meta.url).pathname
const shares = [0.1, 0.25, 0.5, 1]

export async function* run() {
  const points = []
  for (const share of shares) {
    const size = { services: 10_000 * share, nodes: 1000 * share, endpoints: 50_000 * share }
    const folder = path.join(temporaryFolder(), 'bundle')
    const vip = await writeCluster(folder, size)
    const check = [process.execPath, bin, 'check', '--bundle', folder]
    const whole = share === 1
    const reports = whole ? ['json', 'junit'] : []
    const [all, one, ...others] = byTurns(
      [
        { command: check },
        { command: [...check, `${vip}:80`] },
        ...reports.map((format) => ({ command: [...check, '--output', format] })),
      ],
      3,
    )
    points.push([size.services, all.cpuSeconds])
    const text = `${size.services} Services, ${size.nodes} nodes, ${size.endpoints} endpoints`
    const aims = whole
      ? [
          { seconds: [0, 10], residentMiB: [0, 1000] },
          { seconds: [0, 1.5], residentMiB: [0, 400] },
        ]
      : []
    yield { case: `check of every VIP, ${size.services} Services`, ...all, size: text, aim: aims[0] }
    yield { case: `check of one VIP, ${size.services} Services`, ...one, size: text, aim: aims[1] }
    for (const [index, row] of others.entries())
      yield {
        case: `check of every VIP as ${reports[index]}, ${size.services} Services`,
        ...row,
        size: text,
        // What a report may take above the judging, which the text's hardly does.
        aim: { residentMiB: [0, Math.round(all.residentMiB + 300)] },
      }
  }
  yield {
    case: 'every VIP, the processor’s time against the number of Services',
    exponent: exponentOf(points),
    size: `${shares.length} sizes`,
    aim: { exponent: [0, 1.1] },
  }
}

/** The slope of the line through the logarithms, by least squares: 1 is linear. */
function exponentOf(points) {
  const logs = points.map((point) => point.map(Math.log))
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [0, 1].map((at) => mean(logs.map((point) => point[at])))
  const sum = (of) => logs.reduce((total, point) => total + of(point), 0)
  return sum(([a, b]) => (a - x) * (b - y)) / sum(([a]) => (a - x) ** 2)
}
