import { afterEach, expect, test } from '@jest/globals'
import { openCluster } from '../../../../src/collect/kubernetes/cluster.ts'
import { reachOf } from '../../../../src/collect/node/reach.ts'
import { readNodes } from '../../../../src/collect/node/read-nodes.ts'
import { breakOff, end, output, podsServer, type PodsServer } from './pods-server.ts'

let server: PodsServer | null = null
afterEach(() => server?.close())

async function read(nodes: readonly string[], { atOnce = 16, stop = new AbortController() } = {}) {
  const signal = stop.signal
  const kubeconfigs = [server?.kubeconfig ?? '']
  const cluster = await openCluster({ kubeconfigs, context: null }, { signal, timeoutMs: 5_000 })
  const told: string[] = []
  const reach = reachOf(
    { how: 'pod', ssh: { user: null, options: [] }, pods: { namespace: 'n', image: 'i' }, atOnce },
    { cluster, nodes: [], workMs: 5_000, signal, progress: (says) => told.push(says) },
  )
  const targets = nodes.map((node) => ({ node, address: '' }))
  const outputs = await readNodes(targets, { transport: reach.transport, signal, atOnce, timeoutMs: 5_000 })
  await reach.close()
  cluster.close()
  return { outputs, told }
}

const whole = 'vipdoctor-node 1\n>ip-addr.json\n|[]\n<0\nvipdoctor-node end\n'
const half = 'vipdoctor-node 1\n>ip-addr.json\n|[]\n<0\n>ip-route.json\n|[{"dst": "de'

test('a connection that breaks is opened once more, and the whole script read', async () => {
  server = await podsServer({
    exec: (socket, times) => {
      output(socket, times === 1 ? half : whole)
      if (times === 1) breakOff(socket)
      else end(socket)
    },
  })
  const { outputs } = await read(['worker-0'])
  expect(outputs.get('worker-0')).toMatchObject({ complete: true })
  expect([...server.pods]).toEqual([])
})

test('one that breaks again leaves gaps, and no half of a file', async () => {
  server = await podsServer({
    exec: (socket) => {
      output(socket, half)
      breakOff(socket)
    },
  })
  const { outputs } = await read(['worker-0'])
  const { files, gaps } = outputs.get('worker-0') ?? {
    files: new Map<string, never>(),
    gaps: new Map<string, string>(),
  }
  expect([...files.keys()]).toEqual(['ip-addr.json'])
  expect(gaps.get('ip-route.json')).toMatch(
    /^its output was cut off after \d+ bytes: the connection to the API server .* broke$/,
  )
  expect([...server.pods]).toEqual([])
})

test('nodes are read in waves: never more pods than asked for, and none is left', async () => {
  server = await podsServer({
    exec: (socket) => {
      output(socket, whole)
      end(socket)
    },
  })
  const nodes = Array.from({ length: 10 }, (_, index) => `worker-${String(index)}`)
  const { outputs } = await read(nodes, { atOnce: 3 })
  expect([...outputs.values()].map(({ complete }) => complete)).toEqual(nodes.map(() => true))
  expect(server.most()).toBe(3)
  expect([...server.pods]).toEqual([])
})

test('Ctrl-C in the middle deletes what was made', async () => {
  const stop = new AbortController()
  server = await podsServer({
    exec: (socket) => {
      output(socket, half)
      stop.abort()
    },
  })
  const { outputs } = await read(['worker-0', 'worker-1'], { stop })
  expect(outputs.get('worker-0')?.gaps.get('versions.txt')).toMatch(/interrupted$/)
  expect([...server.pods]).toEqual([])
})

test('pods that may not be deleted are told, with the command that does it and when they end', async () => {
  server = await podsServer({
    exec: (socket) => {
      output(socket, whole)
      end(socket)
    },
    mayDelete: false,
  })
  const { told } = await read(['worker-0'])
  expect(told.join('\n')).toMatch(
    /^pods: not deleted: 1 pod \(.*cannot delete resource "pods".*\)\. Delete them: kubectl -n n delete pod -l vipdoctor\/run=\S+\. Their kubelets end them within 2 min$/m,
  )
})
