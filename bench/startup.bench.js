// What a user waits before anything is read: whole processes against bare node (ratio: ours over node's own start).
import { byTurns } from './measure.js'

const root = new URL('..', import.meta.url).pathname
const bin = `${root}bin/run.js`
const bundle = `${root}fixtures/bundles/hard-way-l2.tar.gz`

export function* run() {
  const cases = [
    ['--version', [process.execPath, bin, '--version']],
    ['--help', [process.execPath, bin, '--help']],
    ['checks', [process.execPath, bin, 'checks']],
    ['explain', [process.execPath, bin, 'explain', 'delivery/vip-not-owned']],
    ['policy', [process.execPath, bin, 'policy']],
    ['check on a small bundle', [process.execPath, bin, 'check', '--bundle', bundle]],
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
      ratio: own.seconds / base.seconds,
    }
  }
}
