import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { WebSocketServer, type WebSocket } from 'ws'
import { certificates, kubeconfigText } from '../../kubernetes/server.ts'

// An API server whose pods run at once, for what no real one does when a test wants it: connections that break, deletions that fail.
// What a real kubelet does is in test/e2e.

export interface PodsServer {
  readonly kubeconfig: string
  /** Names of the pods that are there. */
  readonly pods: ReadonlySet<string>
  readonly most: () => number
  readonly asked: readonly string[]
  readonly close: () => Promise<void>
}

interface Behaviour {
  /** What an exec does; `times` counts from 1. */
  readonly exec: (socket: WebSocket, times: number) => void
  readonly mayDelete?: boolean
}

const send = (socket: WebSocket, channel: number, text: string): void => {
  socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)]))
}

export const output = (socket: WebSocket, text: string): void => {
  send(socket, 1, text)
}
/** The connection goes without a word, as where something on its way was restarted. */
export const breakOff = (socket: WebSocket): void => {
  setTimeout(() => {
    socket.terminate()
  }, 100)
}
/** The command's end, as the last channel tells it. */
export const end = (socket: WebSocket): void => {
  send(socket, 3, JSON.stringify({ status: 'Success' }))
}

export async function podsServer({ exec, mayDelete = true }: Behaviour): Promise<PodsServer> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-pods-'))
  const { ca, cert, key } = certificates(folder, 'pods')
  const pods = new Set<string>()
  const asked: string[] = []
  let most = 0
  let execs = 0
  const server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    const name = new URL(request.url ?? '/', 'https://x').pathname.split('/').at(-1) ?? ''
    asked.push(`${request.method ?? ''} ${name}`)
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.method === 'POST') {
        const made = JSON.parse(Buffer.concat(chunks).toString()) as { metadata: { name: string } }
        pods.add(made.metadata.name)
        most = Math.max(most, pods.size)
        return answer(201, made)
      }
      if (request.method === 'DELETE') {
        if (!mayDelete)
          return answer(403, {
            message: 'pods is forbidden: User "u" cannot delete resource "pods" in API group "" in the namespace "n"',
          })
        pods.delete(name)
        return answer(200, {})
      }
      const running = { phase: 'Running', containerStatuses: [{ state: { running: {} } }] }
      return answer(200, {
        items: [...pods].map((pod) => ({
          metadata: { name: pod, labels: { 'vipdoctor/run': 'other' } },
          status: running,
        })),
      })
    })
  })
  const sockets = new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] ?? false })
  sockets.on('connection', (socket) => {
    execs += 1
    exec(socket, execs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const kubeconfig = path.join(folder, 'kubeconfig')
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  writeFileSync(kubeconfig, kubeconfigText(url, ca, 'token'))
  return {
    kubeconfig,
    pods,
    most: () => most,
    asked,
    close: () =>
      new Promise((resolve) => {
        sockets.close()
        server.closeAllConnections()
        server.close(() => {
          rmSync(folder, { recursive: true })
          resolve()
        })
      }),
  }
}
