import http from 'node:http'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { recordedWorld, type World } from '../kit/recorded-world.ts'

/** A proxy that knows CONNECT: names that end in `.test` are this machine, at the ports that `to` gives. */
async function connectProxy(to: Readonly<Record<string, number>>) {
  const asked: string[] = []
  const tunnels = new Set<Duplex>()
  const server = http.createServer((_, response) => response.writeHead(405).end())
  server.on('connect', ({ url = '', headers }, socket) => {
    asked.push(`${url}${headers['proxy-authorization'] === undefined ? '' : ' with a password'}`)
    const port = to[url.split(':')[0] ?? '']
    if (port === undefined) return socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    const upstream = net.connect(port, '127.0.0.1', () => {
      tunnels.add(socket).add(upstream)
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    for (const [one, other] of [
      [upstream, socket],
      [socket, upstream],
    ] as const)
      one.on('error', () => other.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    asked,
    port,
    close: () =>
      new Promise<void>((resolve) => {
        // A tunnel is no connection of the server any more.
        for (const tunnel of tunnels) tunnel.destroy()
        server.closeAllConnections()
        server.close(() => {
          resolve()
        })
      }),
  }
}

let world: World | null = null
let proxy: Awaited<ReturnType<typeof connectProxy>> | null = null
afterEach(async () => {
  await proxy?.close()
  await world?.close()
})

/** The recorded world under names that only the proxy knows. */
async function behindProxy() {
  world = await recordedWorld('hard-way-l2')
  const api = new URL(world.api.url)
  const ec2 = new URL(world.ec2.url)
  proxy = await connectProxy({ 'api.cluster.test': Number(api.port), 'ec2.cloud.test': Number(ec2.port) })
  const kubeconfig = path.join(world.folder, 'behind-proxy.yaml')
  const text = readFileSync(world.api.kubeconfig, 'utf8')
    .replace(world.api.url, 'https://api.cluster.test:6443')
    .replace('certificate-authority:', 'tls-server-name: localhost, insecure-skip-tls-verify: true, x:')
  writeFileSync(kubeconfig, text)
  const env = { KUBECONFIG: kubeconfig, AWS_ENDPOINT_URL: 'http://ec2.cloud.test' }
  return { world, proxy, env }
}

test('the API server and EC2 are asked through the proxies of the environment', async () => {
  const { world, proxy, env } = await behindProxy()
  const at = `user:secret@127.0.0.1:${String(proxy.port)}`
  const { code, stdout, stderr } = await world.vipdoctor(
    ['check', '--region', 'us-east-1', ...world.nodeOutputs, '--quiet'],
    {
      env: { ...env, HTTPS_PROXY: `http://${at}`, HTTP_PROXY: at },
    },
  )
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  expect(stdout).toContain('1 VIP: 1 unreachable (delivery/vip-not-owned)')
  expect([...new Set(proxy.asked)].sort()).toEqual([
    'api.cluster.test:6443 with a password',
    'ec2.cloud.test:80 with a password',
  ])
})

test('what NO_PROXY names is asked directly', async () => {
  const { world, proxy, env } = await behindProxy()
  const at = `http://127.0.0.1:${String(proxy.port)}`
  const { stdout } = await world.vipdoctor(['check', '--region', 'us-east-1', '--quiet', '--output', 'json'], {
    env: { ...env, HTTPS_PROXY: at, HTTP_PROXY: at, NO_PROXY: '.cluster.test' },
  })
  expect([...new Set(proxy.asked)]).toEqual(['ec2.cloud.test:80'])
  expect(stdout).toMatch(/the API server https:\/\/api\.cluster\.test:6443 cannot be reached \((ENOTFOUND|EAI_AGAIN)\)/)
})

test('a proxy that does not connect is the reason', async () => {
  const { world, env } = await behindProxy()
  const { code, stdout } = await world.vipdoctor(['check', '--fabric', 'lan', '--quiet'], {
    env: { ...env, HTTPS_PROXY: 'http://127.0.0.1:9' },
  })
  expect(code).toBe(2)
  expect(stdout).toMatch(
    /^NOT KNOWN: the API server https:\/\/api\.cluster\.test:6443 cannot be reached\s+\(ECONNREFUSED\)/,
  )
})

test('--as and --as-group are what the API server is told', async () => {
  world = await recordedWorld('hard-way-l2')
  const flags = ['--as', 'dev', '--as-group', 'ops', '--as-group', 'net']
  await world.vipdoctor(['check', '--fabric', 'lan', '--quiet', ...flags])
  const { stderr } = await world.vipdoctor(['check', '--fabric', 'lan', '--as-group', 'ops'])
  expect(stderr).toMatch(/All of the following must be provided when using --as-group: --as/)
  expect(world.api.impersonated).toEqual(new Set(['dev: ops, net']))
})
