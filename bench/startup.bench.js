// What a user waits before anything is read: whole processes against bare node. The ratio is ours over node's own start,
// of the processor's time: what else runs on the machine doubles the time that passes.
import { byTurns } from './measure.js'

const root = new URL('..', import.meta.url).pathname
const bin = `${root}bin/run.js`
const bundle = `${root}fixtures/bundles/hard-way-l2.tar.gz`

export function* run() {
  // [case, command, how many times bare node's start it may take]
  const cases = [
    ['--version', [process.execPath, bin, '--version']],
    ['--help', [process.execPath, bin, '--help'], 2],
    ['checks', [process.execPath, bin, 'checks'], 2],
    ['explain', [process.execPath, bin, 'explain', 'delivery/vip-not-owned'], 2],
    ['policy', [process.execPath, bin, 'policy']],
    ['check on a small bundle', [process.execPath, bin, 'check', '--bundle', bundle], 3],
  ]
  const [base, ...ours] = byTurns(
    [{ command: [process.execPath, '-e', '0'] }, ...cases.map(([, command]) => ({ command }))],
    9,
  )
  for (const [index, own] of ours.entries()) {
    yield {
      case: cases[index][0],
      ...own,
      peer: 'node -e 0',
      peerSeconds: base.seconds,
      ratio: own.cpuSeconds / base.cpuSeconds,
      aim: cases[index][2] === undefined ? undefined : { ratio: [0, cases[index][2]] },
    }
  }
}
