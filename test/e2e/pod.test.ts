import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect } from '@jest/globals'
import { openCluster } from '../../src/collect/kubernetes/cluster.ts'
import { reachOf } from '../../src/collect/node/reach.ts'
import { lacking, testNeeding } from '../kit/needing.ts'
import { hasEtcd, startCluster, type RealCluster } from './kube-apiserver.ts'
import { nodeNeeds, startNode, type RealNode } from './kubelet.ts'
import { tool } from './tools.ts'

// --nodes pod against a real API server, kubelet and containerd: this machine is the node.

const needs = [...nodeNeeds, tool('kube-apiserver'), tool('kubectl'), 'etcd']
const ready = lacking(needs) === null && hasEtcd()
const where = testNeeding(...needs)
const bin = path.join(import.meta.dirname, '../../bin/run.js')
/** What the node script calls, and tcpdump. */
const tools = [
  ...[
    'sh',
    'awk',
    'sed',
    'grep',
    'sort',
    'cut',
    'head',
    'tail',
    'xargs',
    'ps',
    'readlink',
    'od',
    'uname',
    'ls',
    'cat',
    'tr',
  ],
  ...['wc', 'id', 'timeout', 'chroot', 'sleep', 'ip', 'ss', 'iptables', 'iptables-nft-save', 'iptables-legacy-save'],
  ...['ip6tables-nft-save', 'ip6tables-legacy-save', 'nft', 'ipset', 'ipvsadm', 'tcpdump', 'curl'],
]

let cluster: RealCluster
let node: RealNode
let folder: string
let bundles = 0

beforeAll(async () => {
  if (!ready) return
  folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-pod-'))
  cluster = await startCluster({ podSecurity: true })
  node = await startNode(cluster, 'worker-0')
  node.image('localhost/tools:1', tools)
  node.image('localhost/shell:1', [])
}, 300_000)
afterAll(() => {
  if (!ready) return
  node.stop()
  cluster.stop()
  rmSync(folder, { recursive: true })
})

function vipdoctor(args: readonly string[], user = 'admin') {
  const child = spawn(process.execPath, [bin, ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      KUBECONFIG: cluster.kubeconfigOf(user),
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, stdout, stderr })
    })
  })
  return { child, ended }
}

/** Collects the node's evidence; gives its files as text, and the gaps of the node by file. */
async function collected(how: readonly string[], user?: string) {
  bundles += 1
  const bundle = path.join(folder, `bundle-${String(bundles)}`)
  const { code, stderr } = await vipdoctor(
    ['collect', '-o', bundle, '--fabric', 'lan', '--nodes-for', 'all', ...how],
    user,
  ).ended
  expect({ code, stderr }).toMatchObject({ code: 0 })
  const at = path.join(bundle, 'nodes/worker-0')
  const { gaps, files } = JSON.parse(readFileSync(path.join(bundle, 'bundle.json'), 'utf8')) as {
    gaps: readonly { source: string; reason: string }[]
    files: readonly string[]
  }
  const there = files.some((file) => file.startsWith('nodes/worker-0/'))
  const names = there ? readdirSync(at, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.')) : []
  return {
    stderr,
    files: new Map(names.map((name) => [name, readFileSync(path.join(at, name), 'utf8')])),
    gaps: new Map(gaps.map(({ source, reason }) => [source.replace('nodes/worker-0/', ''), reason])),
  }
}

const byPod = (image: string, ...more: string[]) => ['--nodes', 'pod', '--node-image', image, ...more]
const podsLeft = () => cluster.kubectl(['get', 'pods', '-A', '-o', 'name']).trim()

async function untilRunning(): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (cluster.kubectl(['get', 'pods', '-A', '--no-headers']).includes('Running')) return
    await sleep(200)
  }
  throw new Error('no pod ran')
}

/** Without counters, times and what changes by itself. */
const steady = (text: string): string =>
  text
    .replace(/^# (Generated|Completed).*\n/gm, '')
    .replace(/\[\d+:\d+\]|"(packets|bytes)": \d+|^.*nf_conntrack_count.*$/gm, '')

where('a node read by a pod gives what it gives to who is logged in, value for value', async () => {
  const before = await collected(['--nodes', 'local'])
  const pod = await collected(byPod('localhost/tools:1'))
  expect(podsLeft()).toBe('')
  const after = await collected(['--nodes', 'local'])
  expect(pod.stderr).toMatch(
    /^nodes: on each node that is read one pod is made in namespace kube-system \(localhost\/tools:1\), at most 16 at once, and deleted again\n/,
  )
  expect([...pod.files.keys()].sort()).toEqual([...before.files.keys()].sort())
  expect([...pod.gaps.keys()].sort()).toEqual([...before.gaps.keys()].sort())
  // Other things run on this machine: what they change meanwhile is no difference between the two ways.
  const same = [...before.files].filter(([name, text]) => steady(text) === steady(after.files.get(name) ?? ''))
  for (const [name, text] of same) expect([name, steady(pod.files.get(name) ?? '')]).toEqual([name, steady(text)])
  expect(same.map(([name]) => name)).toEqual(
    expect.arrayContaining(['cni-conf.txt', 'ip-rule.json', 'iptables-nft-save.txt', 'versions.txt']),
  )
})

where('an image with only a shell reads with the node’s own tools', async () => {
  const shell = await collected(byPod('localhost/shell:1'))
  expect([...shell.files.keys()]).toEqual(
    expect.arrayContaining([
      'ip-addr.json',
      'iptables-nft-save.txt',
      'nft-ruleset.json',
      'ss-listen.txt',
      'pod-listen.txt',
    ]),
  )
  expect(shell.files.get('versions.txt')).toBe((await collected(['--nodes', 'local'])).files.get('versions.txt'))
})

where('200 MB come through whole', async () => {
  const signal = new AbortController().signal
  const open = await openCluster(
    { kubeconfigs: [cluster.kubeconfigOf('admin')], context: null },
    { signal, timeoutMs: 10_000 },
  )
  const pods = { namespace: 'kube-system', image: 'localhost/tools:1' }
  const reach = reachOf(
    { how: 'pod', ssh: { user: null, options: [] }, pods, atOnce: 1 },
    { cluster: open, nodes: [], workMs: 100_000, signal, progress: () => undefined },
  )
  const script = 'head -c 200000000 /dev/zero | tr "\\0" x'
  const { bytes, ended } = await reach.transport(
    { node: 'worker-0', address: '' },
    { script, signal, timeoutMs: 100_000 },
  )
  await reach.close()
  open.close()
  expect({ length: bytes.length, ended }).toEqual({ length: 200_000_000, ended: null })
  expect(bytes.every((byte) => byte === 120)).toBe(true)
  expect(podsLeft()).toBe('')
})

const listening = () =>
  vipdoctor([
    'capture',
    'arp',
    '--vip',
    '192.0.2.77',
    '--node',
    'worker-0',
    '--interface',
    'lo',
    '--duration',
    '90',
    ...byPod('localhost/tools:1'),
  ])

where.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s deletes the pods before it ends', async (signal) => {
  const { child, ended } = vipdoctor([
    'collect',
    '-o',
    path.join(folder, signal),
    '--nodes-for',
    'all',
    '--fabric',
    'lan',
    ...byPod('localhost/shell:1'),
  ])
  await untilRunning()
  child.kill(signal)
  expect(await ended).toMatchObject({ code: 130, stdout: '' })
  expect(podsLeft()).toBe('')
})

where('what a killed run leaves is deleted by the next, at once on the same machine', async () => {
  const { child, ended } = listening()
  // The first pod reads the node; the second listens.
  for (
    let tries = 0;
    tries < 300 && !cluster.kubectl(['get', 'pods', '-A', '--no-headers']).includes('-1 ');
    tries += 1
  )
    await sleep(100)
  await untilRunning()
  child.kill('SIGKILL')
  await ended
  const [left = ''] = podsLeft().split('\n')
  expect(left).toMatch(/^pod\/vipdoctor-/)
  const deadline = cluster.kubectl(['-n', 'kube-system', 'get', left, '-o', 'jsonpath={.spec.activeDeadlineSeconds}'])
  expect(Number(deadline)).toBeLessThanOrEqual(7 * 60)
  const next = await collected(byPod('localhost/tools:1'))
  expect(next.files.has('ip-addr.json')).toBe(true)
  expect(next.stderr).toMatch(/^pods: [12] pods? of earlier runs deleted in kube-system$/m)
  for (let tries = 0; tries < 50 && podsLeft() !== ''; tries += 1) await sleep(200)
  expect(podsLeft()).toBe('')
})

where('an image that cannot be pulled is the node’s gap', async () => {
  const { gaps, files } = await collected(byPod('localhost:9/none:1'))
  expect(gaps.get('ip-addr.json')).toMatch(
    /^the image localhost:9\/none:1 cannot be had there \((ErrImagePull|ImagePullBackOff)\): /,
  )
  expect(files.size).toBe(0)
  expect(podsLeft()).toBe('')
})

where(
  'the ClusterRole and the Role that policy prints suffice, and without the Role the missing right is named',
  async () => {
    const { stdout: roles } = await vipdoctor(['policy', '--kubernetes', '--nodes', 'pod']).ended
    cluster.kubectl(['apply', '-f', '-'], roles)
    cluster.kubectl(['create', 'clusterrolebinding', 'reader', '--clusterrole', 'vipdoctor', '--user', 'reader'])
    const without = await collected(byPod('localhost/tools:1', '--node-namespace', 'vipdoctor'), 'reader')
    expect(without.gaps.get('ip-addr.json')).toMatch(
      /^the right to create pods in namespace vipdoctor is missing \(403\); the Role rule is \{apiGroups: \[""\], resources: \["pods"\], verbs: \["create"\]\}/,
    )
    cluster.kubectl(['-n', 'vipdoctor', 'create', 'rolebinding', 'reader', '--role', 'vipdoctor', '--user', 'reader'])
    const allowed = await collected(byPod('localhost/tools:1', '--node-namespace', 'vipdoctor'), 'reader')
    expect(allowed.files.has('ip-addr.json')).toBe(true)
    expect(podsLeft()).toBe('')
  },
)

where('a namespace whose Pod Security level refuses the pod is named with its label', async () => {
  cluster.kubectl(['create', 'namespace', 'strict'])
  cluster.kubectl(['label', 'namespace', 'strict', 'pod-security.kubernetes.io/enforce=baseline'])
  const { gaps } = await collected(byPod('localhost/tools:1', '--node-namespace', 'strict'))
  expect(gaps.get('ip-addr.json')).toMatch(
    /^namespace strict has the label pod-security\.kubernetes\.io\/enforce: baseline, which refuses/,
  )
  expect((await collected(byPod('localhost/tools:1', '--node-namespace', 'nowhere'))).gaps.get('ip-addr.json')).toBe(
    'there is no namespace nowhere; --node-namespace names another',
  )
})

where('a webhook that hangs is named, and holds nobody up for long', async () => {
  const silent = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as net.AddressInfo
  const hook = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'hangs' },
    webhooks: [
      {
        name: 'pods.example.org',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 2,
        failurePolicy: 'Fail',
        clientConfig: { url: `https://127.0.0.1:${String(port)}/` },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
    ],
  }
  cluster.kubectl(['apply', '-f', '-'], JSON.stringify(hook))
  await sleep(2_000)
  const { gaps } = await collected(byPod('localhost/tools:1'))
  cluster.kubectl(['delete', 'validatingwebhookconfiguration', 'hangs'])
  silent.close()
  expect(gaps.get('ip-addr.json')).toMatch(
    /^the admission webhook pods\.example\.org does not answer, so no pod can be made/,
  )
  await sleep(2_000)
})

where('a kubelet that is gone: the pod is given up after a minute, and removed without it', async () => {
  node.stopKubelet()
  const late = await collected(byPod('localhost/tools:1'))
  expect(late.gaps.get('ip-addr.json')).toMatch(/^its pod did not start within 60 s \(Pending\)/)
  expect(podsLeft()).toBe('')
  const conditions = [{ type: 'Ready', status: 'Unknown', message: 'Kubelet stopped posting node status.' }]
  cluster.kubectl([
    'patch',
    'node',
    'worker-0',
    '--subresource=status',
    '-p',
    JSON.stringify({ status: { conditions } }),
  ])
  const known = await collected(byPod('localhost/tools:1'))
  expect(known.gaps.get('ip-addr.json')).toBe(
    'the node is not ready, so no pod would start there: Kubelet stopped posting node status',
  )
  await node.startKubelet()
})
