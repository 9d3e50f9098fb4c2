// A large cluster, read from servers on loopback: 1,000 nodes, 10,000 Services, 50,000 endpoints, 5,000 interfaces; and a live check of a
// small one, whose time is mostly the loading of two clients.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { byTurns } from './measure.js'

const runs = 5

export const bin = new URL('../bin/run.js', import.meta.url).pathname

/** Starts the servers in a process of their own, so that their memory and time are not ours; `stop` gives what they were asked. */
export async function serve(size) {
  const child = spawn(
    process.execPath,
    [new URL('collect-server.js', import.meta.url).pathname, JSON.stringify(size)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const [line] = await new Promise((resolve) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve(text.split('\n'))
    })
  })
  const said = new Promise((resolve) => {
    child.stdout.once('data', (chunk) => resolve(JSON.parse(chunk)))
  })
  const stop = () => {
    child.stdin.end()
    return said
  }
  return { ...JSON.parse(line), stop }
}

export async function* run() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-bench-'))
  try {
    const large = { nodes: 1000, services: 10_000, endpoints: 50_000, interfaces: 5000 }
    const small = { nodes: 4, services: 5, endpoints: 10, interfaces: 10 }
    const out = path.join(folder, 'bundle.tar.gz')
    for (const [what, size, words] of [
      ['a large cluster', large, ['collect', '-o', out]],
      ['a small cluster', small, ['collect', '-o', out]],
      // The first Service of type LoadBalancer (collect-server.js).
      ['one VIP of a large cluster', large, ['check', 'default/service-0']],
    ]) {
      const { kubeconfig, ec2, stop } = await serve(size)
      const env = [
        `AWS_ENDPOINT_URL=${ec2}`,
        'AWS_ACCESS_KEY_ID=x',
        'AWS_SECRET_ACCESS_KEY=x',
        'AWS_EC2_METADATA_DISABLED=true',
      ]
      const flags = ['--kubeconfig', kubeconfig, '--region', 'us-east-1', '--quiet']
      // A bundle that is there already is not written over.
      const command = [
        'sh',
        '-c',
        'rm -f "$0"; exec "$@"',
        out,
        'env',
        ...env,
        process.execPath,
        bin,
        ...words,
        ...flags,
      ]
      const [own] = byTurns([{ command }], runs)
      const { told } = await stop()
      const { nodes, services, endpoints, interfaces } = size
      const each = `${Math.round(told.requests / runs)} requests to the API server, ${Math.round(told.bytes / runs / 1024)} KiB from it`
      yield {
        case: what,
        ...own,
        size: `${nodes} nodes, ${services} Services, ${endpoints} endpoints, ${interfaces} interfaces; ${each}`,
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
