import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { isGap } from '../../../src/evidence/gap.ts'
import { kubernetesFile, kubernetesKinds, type KubernetesKindName } from '../../../src/evidence/kubernetes/kinds.ts'
import type { AnswerLimits } from '../../../src/collect/answer-limits.ts'
import { openCluster } from '../../../src/collect/kubernetes/cluster.ts'
import { readCluster } from '../../../src/collect/kubernetes/read-cluster.ts'
import { fixtureStore } from '../../kit/fixtures.ts'
import {
  apiServer,
  certificates,
  kubeconfigText,
  type ApiFault,
  type ApiServer,
  type ApiServerOptions,
} from './server.ts'

type Item = Record<string, unknown>

const store = await fixtureStore('hard-way-l2')
const kinds = Object.keys(kubernetesKinds) as KubernetesKindName[]
const never = new AbortController().signal
let server: ApiServer | null = null

afterEach(async () => {
  await server?.close()
  server = null
})

async function collect(
  options: Partial<ApiServerOptions> = {},
  asked = kinds,
  given: { kubeconfig?: string; timeoutMs?: number; signal?: AbortSignal; limits?: AnswerLimits } = {},
) {
  server ??= await apiServer({ store, ...options })
  const signal = given.signal ?? never
  const cluster = await openCluster(
    { kubeconfigs: [given.kubeconfig ?? server.kubeconfig], context: null },
    { signal, timeoutMs: given.timeoutMs ?? 5_000, ...(given.limits === undefined ? {} : { limits: given.limits }) },
  )
  const said: string[] = []
  let nodes: Uint8Array | null = null
  const { files, gaps } = await readCluster(cluster, {
    kinds: asked,
    signal,
    progress: (says) => said.push(says),
    onNodes: (file) => (nodes = file),
  })
  cluster.close()
  return {
    files,
    gaps,
    said,
    nodes,
    json: (file: string) => JSON.parse(Buffer.from(files.get(file) ?? 'null').toString()) as { items: Item[] },
  }
}

const recorded = (file: string) => {
  const bytes = store.read(file)
  return isGap(bytes) ? null : (JSON.parse(Buffer.from(bytes).toString()) as { items: Item[] })
}

/** A recorded object without what is never kept. */
function pruned(item: Item): Item {
  const object = JSON.parse(JSON.stringify(item)) as { metadata: { annotations?: Item } }
  const read = Object.entries(object.metadata.annotations ?? {}).filter(([name]) =>
    /^(?:metallb|kube-vip)\./.test(name),
  )
  delete object.metadata.annotations
  if (read.length > 0) object.metadata.annotations = Object.fromEntries(read)
  return object
}

/** Whether all that is in one value stands at the same place in another. */
function isPartOf(part: unknown, whole: unknown): boolean {
  if (typeof part !== 'object' || part === null)
    return part === whole || (typeof part === 'string' && part.includes('***'))
  return Object.entries(part).every(([key, member]) => isPartOf(member, (whole as Item | undefined)?.[key]))
}

test('what is collected is what kubectl printed, but for what is never kept', async () => {
  const { files, gaps, json } = await collect()
  expect([...gaps]).toEqual([])
  for (const name of kinds) {
    const file = kubernetesFile(name)
    const expected = recorded(file)
    if (expected === null) expect([file, files.has(file)]).toEqual([file, false])
    else if (name === 'configmaps')
      expect(json(file).items.map((item) => item.metadata)).toEqual(expected.items.map((item) => pruned(item).metadata))
    else if (kubernetesKinds[name].custom || ['pods', 'daemonsets', 'deployments', 'events'].includes(name)) {
      expect(json(file).items.map((item, index) => isPartOf(item, expected.items[index]))).toEqual(
        expected.items.map(() => true),
      )
    } else expect(json(file)).toEqual({ ...expected, items: expected.items.map(pruned) })
  }
  expect(Object.keys(json('kubernetes/version.json'))).toEqual(['serverVersion'])
})

test('the bytes are those of kubectl: four blanks, sorted keys, a newline at the end', async () => {
  const { files } = await collect()
  for (const file of ['kubernetes/leases.coordination.k8s.io.json', 'kubernetes/ingresses.networking.k8s.io.json']) {
    const bytes = store.read(file)
    if (isGap(bytes)) throw new Error(bytes.reason)
    expect(Buffer.from(files.get(file) ?? []).toString()).toBe(Buffer.from(bytes).toString())
  }
})

test('names of environment variables are kept, and the values that checks read', async () => {
  const { json } = await collect()
  const texts = json('kubernetes/pods.json').items.map((pod) => JSON.stringify(pod))
  expect(texts.some((text) => text.includes('METALLB_NODE_NAME'))).toBe(true)
  const pod = {
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      containers: [
        {
          name: 'db',
          image: 'postgres',
          args: ['--admin-password=hush', '--port=1'],
          env: [
            { name: 'PGPASSWORD', value: 'hush' },
            { name: 'REF', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          ],
        },
      ],
    },
  }
  const map = { metadata: { name: 'app', namespace: 'default' }, data: { 'app.ini': 'password=hush' } }
  await server?.close()
  const bytes = (items: unknown[]) => new Uint8Array(Buffer.from(JSON.stringify({ items })))
  const own = {
    ...store,
    read: (file: string) =>
      file.endsWith('/pods.json') ? bytes([pod]) : file.endsWith('/configmaps.json') ? bytes([map]) : store.read(file),
  }
  server = await apiServer({ store: own })
  const { files } = await collect({}, ['pods', 'configmaps'])
  const all = [...files.values()].map((file) => Buffer.from(file).toString()).join('')
  expect(all).not.toContain('hush')
  expect(all).toContain('"--admin-password=***"')
  expect(all).toContain('"PGPASSWORD"')
  expect(all).toContain('secretKeyRef')
})

test('a custom resource that is not installed is neither a file nor a gap, also on an old API server', async () => {
  const { files, gaps, json } = await collect({ old: true })
  expect([...gaps]).toEqual([])
  expect(files.has('kubernetes/addresspools.metallb.io.json')).toBe(false)
  expect(json('kubernetes/ipaddresspools.metallb.io.json').items.map(({ spec }) => spec)).toEqual(
    recorded('kubernetes/ipaddresspools.metallb.io.json')?.items.map(({ spec }) => spec),
  )
})

test('a list in many pages is the list in one', async () => {
  const whole = await collect()
  await server?.close()
  server = null
  const pages = await collect({ pageSize: 2 })
  expect(pages.json('kubernetes/pods.json')).toEqual(whole.json('kubernetes/pods.json'))
  expect(server).not.toBeNull()
})

test.each([[1], [2], [5]])('a list whose pages expire %i times is read in the end', async (times) => {
  const { gaps, json } = await collect({ pageSize: 2, expired: { pods: times } })
  expect([...gaps]).toEqual([])
  expect(json('kubernetes/pods.json').items.length).toBe(recorded('kubernetes/pods.json')?.items.length)
})

test('a kind that may not be listed is a gap with the rule it needs, and the rest is read', async () => {
  const { gaps, files } = await collect({ faults: { endpointslices: { status: 403 } } })
  expect([...gaps]).toEqual([
    [
      'kubernetes/endpointslices.discovery.k8s.io.json',
      'listing endpointslices in the whole cluster is forbidden (403); the ClusterRole rule is {apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"]}',
    ],
  ])
  expect(files.has('kubernetes/services.json')).toBe(true)
})

describe('what passes is tried again, and nothing is lost', () => {
  test.each([
    ['throttling', { status: 429, retryAfter: 0, times: 3 }],
    ['an overloaded server', { status: 503, retryAfter: 0, times: 2 }],
  ] as const)('%s', async (_, fault) => {
    const { gaps, files } = await collect({ faults: { services: fault } })
    expect([...gaps]).toEqual([])
    expect(files.has('kubernetes/services.json')).toBe(true)
  })
})

describe('what lasts is a gap, and the rest is read', () => {
  test.each([
    [
      'throttling without end',
      { status: 429, retryAfter: 0 },
      'the API server kept throttling (429 Too Many Requests)',
    ],
    ['a failure', { status: 500, retryAfter: 0 }, 'the API server answered 500 (Failure: said the server)'],
    ['half an answer', 'half', /^the connection to the API server https:\S+ broke \(ECONNRESET\)$/],
    ['a packed answer cut in two', 'packed-half', /^the connection to the API server https:\S+ broke \(Z_BUF_ERROR\)$/],
    ['what is said to be packed', 'packed-none', /^the connection to the API server https:\S+ broke \(Z_DATA_ERROR\)$/],
    ['a dropped connection', 'reset', /^the connection to the API server https:\S+ broke \(ECONNRESET\)$/],
  ] as const)('%s', async (_, fault, reason) => {
    const { gaps, files } = await collect({ faults: { services: fault } })
    expect([...gaps]).toEqual([
      ['kubernetes/services.json', typeof reason === 'string' ? reason : expect.stringMatching(reason)],
    ])
    expect(files.has('kubernetes/nodes.json')).toBe(true)
  })
})

const deep = `{"items":[{"spec":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}]}`

describe('a server that breaks every rule is a gap in bounded time, and the rest is read', () => {
  const limitsFor = (fault: ApiFault) => ({ bytes: 8 * 1024 ** 2, ms: fault === 'trickle' ? 700 : 60_000 })
  test.each<readonly [string, ApiFault, string | RegExp]>([
    [
      'a byte now and then',
      'trickle',
      /^the API server https:\S+ was not waited for: its answer was not whole after 0.7 s$/,
    ],
    [
      'an answer without end',
      'endless',
      /^the API server https:\S+ was not waited for: its answer is larger than 8 MiB$/,
    ],
    [
      'a packed answer without end',
      'packed-endless',
      /^the API server https:\S+ was not waited for: its answer is larger than 8 MiB$/,
    ],
    [
      'a page that leads to itself',
      'circle',
      "the API server's list of /api/v1/services goes round: a page says again what comes next",
    ],
    ['pages without end', 'pages', "the API server's list of /api/v1/services has no end: 2000 pages were read"],
    [
      'items that are no list',
      { body: '{"items":{}}' },
      "the API server's list of /api/v1/services has no list of objects",
    ],
    [
      'items that are nothing',
      { body: '{"items":[null]}' },
      "the API server's list of /api/v1/services has no list of objects",
    ],
    ['a list alone', { body: '[]' }, "the API server's list of /api/v1/services is no JSON object"],
    ['no items', { body: '{}' }, "the API server's list of /api/v1/services has no list of objects"],
    ['nothing', { body: '' }, "the API server's list of /api/v1/services is no JSON"],
    ['a page of a proxy', { body: '<html>Sign in</html>' }, "the API server's list of /api/v1/services is no JSON"],
    [
      'a depth of 100,000',
      { body: deep },
      "the API server's list of /api/v1/services has an object that is nested too deep",
    ],
  ])('%s', async (_, fault, reason) => {
    const { gaps, files } = await collect({ faults: { services: fault } }, kinds, { limits: limitsFor(fault) })
    expect([...gaps]).toEqual([
      ['kubernetes/services.json', typeof reason === 'string' ? reason : expect.stringMatching(reason)],
    ])
    expect(files.has('kubernetes/nodes.json')).toBe(true)
    expect(server?.asked.filter((path) => path.startsWith('/api/v1/services')).length).toBe(
      fault === 'pages' ? 2000 : fault === 'circle' ? 2 : 1,
    )
  })

  test('a wait of a day is not waited, for nothing', async () => {
    const { gaps } = await collect({ faults: { services: { status: 429, retryAfter: 86_400 } } })
    expect(gaps.get('kubernetes/services.json')).toBe(
      'the API server wants to be asked again in 86400 s only (429), and that is not waited for',
    )
  })

  test.each([['{"items":{}}'], ['{"items":[null]}'], ['{"groups":[{"name":1}]}'], ['[]'], ['null'], ['<html>']])(
    'API groups that are %s hide custom resources alone',
    async (body) => {
      const { gaps, files } = await collect({ faults: { apis: { body } } })
      expect(new Set(gaps.values())).toEqual(new Set(["the API server's list of API groups is none"]))
      expect([...gaps.keys()].every((file) => file.includes('.'))).toBe(true)
      expect(files.has('kubernetes/services.json')).toBe(true)
    },
  )
})

describe('an API server that cannot be used is one reason for every kind, found by one request', () => {
  const everyReason = (gaps: ReadonlyMap<string, string>) => {
    expect([...gaps.keys()].filter((file) => file !== 'kubernetes/version.json').sort()).toEqual(
      kinds.map(kubernetesFile).sort(),
    )
    expect(new Set(gaps.values()).size).toBe(1)
    return [...gaps.values()][0]
  }

  test('credentials that it does not accept', async () => {
    server = await apiServer({ store })
    const kubeconfig = path.join(server.folder, 'wrong')
    writeFileSync(kubeconfig, kubeconfigText(server.url, path.join(server.folder, 'test-ca.crt'), 'wrong'))
    const { gaps } = await collect({}, kinds, { kubeconfig })
    expect(everyReason(gaps)).toBe(
      'the API server does not accept the credentials (401: Unauthorized: said the server)',
    )
    expect(server.asked.length).toBe(1)
  })

  test('a certificate that its authority did not sign', async () => {
    server = await apiServer({ store })
    const kubeconfig = path.join(server.folder, 'other')
    writeFileSync(kubeconfig, kubeconfigText(server.url, certificates(server.folder, 'other').ca, 'x'))
    const { gaps } = await collect({}, kinds, { kubeconfig })
    expect(everyReason(gaps)).toMatch(/^the certificate of the API server https:\S+ is not accepted \(.+\)$/)
  })

  test('a refused connection', async () => {
    server = await apiServer({ store })
    const kubeconfig = path.join(server.folder, 'refused')
    writeFileSync(kubeconfig, kubeconfigText('https://127.0.0.1:1', path.join(server.folder, 'test-ca.crt'), 'x'))
    const { gaps } = await collect({}, kinds, { kubeconfig })
    expect(everyReason(gaps)).toBe('the API server https://127.0.0.1:1 cannot be reached (ECONNREFUSED)')
  })

  test('one that never answers', async () => {
    const sockets: net.Socket[] = []
    const silent = net.createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    server = await apiServer({ store })
    const kubeconfig = path.join(server.folder, 'silent')
    writeFileSync(
      kubeconfig,
      kubeconfigText(
        `https://127.0.0.1:${String((silent.address() as net.AddressInfo).port)}`,
        path.join(server.folder, 'test-ca.crt'),
        'x',
      ),
    )
    const { gaps } = await collect({}, kinds, { kubeconfig, timeoutMs: 300 })
    expect(everyReason(gaps)).toMatch(/^the API server https:\S+ did not answer in time$/)
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  test('an interruption', async () => {
    const stop = new AbortController()
    setTimeout(() => {
      stop.abort()
    }, 200)
    const started = Date.now()
    const { gaps } = await collect({ faults: { '*': 'never' } }, kinds, { signal: stop.signal, timeoutMs: 60_000 })
    expect(Date.now() - started).toBeLessThan(30_000)
    expect(everyReason(gaps)).toBe('interrupted')
  })
})

test('a token comes from an exec plugin where the kubeconfig names one', async () => {
  server = await apiServer({ store })
  const plugin = path.join(server.folder, 'plugin')
  writeFileSync(
    plugin,
    `#!/bin/sh\necho '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"a-bearer-token"}}'\n`,
  )
  chmodSync(plugin, 0o755)
  const kubeconfig = path.join(server.folder, 'exec')
  const user = `{exec: {apiVersion: client.authentication.k8s.io/v1, command: "${plugin}", interactiveMode: Never}}`
  writeFileSync(
    kubeconfig,
    kubeconfigText(server.url, path.join(server.folder, 'test-ca.crt'), 'x').replace('{token: "x"}', user),
  )
  const { gaps } = await collect({}, ['services'], { kubeconfig })
  expect([...gaps]).toEqual([])
})

describe('a kubeconfig that cannot be used is said in one sentence', () => {
  const open = (kubeconfigs: readonly string[], context: string | null = null) =>
    openCluster({ kubeconfigs, context }, { signal: never, timeoutMs: 1_000 })

  test('one that is not there', async () => {
    await expect(open(['/nowhere/kubeconfig'])).rejects.toThrow(
      /^The kubeconfig \/nowhere\/kubeconfig cannot be read: ENOENT.*\.$/,
    )
  })

  test('a device, which has no end', async () => {
    await expect(open(['/dev/zero'])).rejects.toThrow(/^The kubeconfig \/dev\/zero cannot be read: no regular file\.$/)
  })

  test('a context that it does not have', async () => {
    server = await apiServer({ store })
    await expect(open([server.kubeconfig], 'prod')).rejects.toMatchObject({
      message: 'The kubeconfig has no context "prod".',
      suggestion: 'It has: test.',
    })
  })

  test('a plugin that fails', async () => {
    server = await apiServer({ store })
    const kubeconfig = path.join(server.folder, 'broken')
    const user =
      '{exec: {apiVersion: client.authentication.k8s.io/v1, command: /nowhere/plugin, interactiveMode: Never}}'
    writeFileSync(
      kubeconfig,
      kubeconfigText(server.url, path.join(server.folder, 'test-ca.crt'), 'x').replace('{token: "x"}', user),
    )
    await expect(open([kubeconfig])).rejects.toThrow(/^The credentials of context test cannot be used: .*\.$/)
  })

  test('several files of KUBECONFIG are one configuration', async () => {
    server = await apiServer({ store })
    const second = path.join(server.folder, 'second')
    writeFileSync(second, kubeconfigText('https://127.0.0.1:2', path.join(server.folder, 'test-ca.crt'), 'x', 'second'))
    const files = [server.kubeconfig, '/nowhere', second]
    expect((await open(files)).context).toBe('test')
    expect((await open(files, 'second')).server).toBe('https://127.0.0.1:2')
  })
})

test('a kubeconfig comes out of a pipe once, and is good for every reading', async () => {
  server = await apiServer({ store })
  const pipe = path.join(server.folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const open = () => openCluster({ kubeconfigs: [pipe], context: null }, { signal: never, timeoutMs: 1_000 })
  const [first] = await Promise.all([open(), writeFile(pipe, readFileSync(server.kubeconfig))])
  expect([first.server, (await open()).server]).toEqual([server.url, server.url])
})
