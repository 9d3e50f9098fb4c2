// A thousand nodes read by pods: `collect --nodes pod --nodes-for all` at a test server whose pods take a second and a half to run.
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { bin, serve } from './collect.bench.js'
import { byTurns } from './measure.js'

const size = { nodes: 1000, services: 10, endpoints: 20, interfaces: 0, pods: true }

export async function* run() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-bench-'))
  try {
    for (const atOnce of [16, 64]) {
      const { kubeconfig, output, stop } = await serve(size)
      const how = [
        '--nodes',
        'pod',
        '--nodes-for',
        'all',
        '--nodes-at-once',
        String(atOnce),
        '--fabric',
        'lan',
        '--quiet',
      ]
      const out = path.join(folder, `${String(atOnce)}.tar.gz`)
      const command = [process.execPath, bin, 'collect', '-o', out, '--kubeconfig', kubeconfig, ...how]
      // Minutes each: what is measured is mostly waiting, which one run shows.
      const [own] = byTurns([{ command }], 1)
      const { requests, most } = await stop()
      const perSecond = (requests / own.seconds).toFixed(0)
      yield {
        case: `${String(size.nodes)} nodes, ${String(atOnce)} at once`,
        ...own,
        size: `${(output / 1024).toFixed(0)} KiB a node, ${String(requests)} requests, ${perSecond} a second, ${String(most)} pods at most`,
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
