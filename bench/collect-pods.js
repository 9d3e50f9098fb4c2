// The pods of --nodes pod as an API server shows them, simulated: each runs a while after it was made, and what is run in it prints what
// the node script printed on this machine. Counts what it is asked.
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'

/** How long a pod takes from being made to running, where its image is on the node. */
const startMs = 1500

/**
 * @param {import('node:https').Server} server
 * @param {Buffer} output
 */
export function simulatedPods(server, output) {
  const pods = new Map()
  const counted = { requests: 0, most: 0 }
  new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] ?? false }).on(
    'connection',
    async (socket) => {
      counted.requests += 1
      for (let from = 0; from < output.length; from += 32_768) {
        socket.send(Buffer.concat([Buffer.of(1), output.subarray(from, from + 32_768)]))
        if (from % (1 << 20) === 0) await sleep(0)
      }
      socket.send(Buffer.concat([Buffer.of(3), Buffer.from('{"status":"Success"}')]))
      socket.close()
    },
  )

  /** What is answered about pods of one namespace: [status, object]; null for anything else. */
  function answer(method, url, body) {
    counted.requests += 1
    const [, name] = /^\/api\/v1\/namespaces\/[^/]+\/pods(?:\/([^/]+))?$/.exec(url.pathname) ?? [null, null]
    if (name === null) return null
    if (method === 'POST') {
      const made = JSON.parse(body)
      pods.set(made.metadata.name, { ...made, at: Date.now() })
      counted.most = Math.max(counted.most, pods.size)
      return [201, made]
    }
    if (method === 'DELETE') {
      pods.delete(name)
      return [200, {}]
    }
    const items = [...pods.values()].map(({ metadata, spec, at }) => {
      const runs = Date.now() - at > startMs
      const state = runs ? { running: {} } : { waiting: { reason: 'ContainerCreating' } }
      return { metadata, spec, status: { phase: runs ? 'Running' : 'Pending', containerStatuses: [{ state }] } }
    })
    return [200, { items }]
  }
  return { answer, counted }
}
