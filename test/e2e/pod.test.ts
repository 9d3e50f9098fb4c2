import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect } from '@jest/globals'
import { openCluster } from '../../src/collect/kubernetes/cluster.ts'
import { reachOf } from '../../src/collect/node/reach.ts'
import { lacking, testNeeding } from '../kit/needing.ts'
import { hasEtcd, startCluster, type RealCluster } from './kube-apiserver.ts'
import { nodeNeeds, nodeTools, startNode, type RealNode } from './kubelet.ts'
import { freePort, tool } from './tools.ts'

// --nodes pod against a real API server, kubelet and containerd: this machine is the node.

const needs = [...nodeNeeds, tool('kube-apiserver'), tool('kubectl'), 'etcd']
const ready = lacking(needs) === null && hasEtcd()
const where = testNeeding(...needs)
const bin = path.join(import.meta.dirname, '../../bin/run.js')
let cluster: RealCluster
let node: RealNode
let folder: string
let bundles = 0

beforeAll(async () => {
  if (!ready) return
  folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-pod-'))
  cluster = await startCluster({ podSecurity: true })
  node = await startNode(cluster, 'worker-0')
  node.image('localhost/tools:1', nodeTools)
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

/** A VIP that a host announces on a link of this machine's own: the node sees its ARP, and nobody else does. */
function announcedVip(): { readonly vip: string; readonly link: string; readonly remove: () => void } {
  const [vip, link, space] = ['198.51.100.100', `vd${String(process.pid)}`, `vd-${String(process.pid)}-announcer`]
  const ip = (...argv: readonly string[]) => execFileSync('ip', argv, { stdio: 'pipe' })
  ip('netns', 'add', space)
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
  ip('address', 'add', '198.51.100.1/24', 'dev', link)
  ip('link', 'set', link, 'up')
  ip('-n', space, 'address', 'add', '198.51.100.2/24', 'dev', 'eth0')
  ip('-n', space, 'link', 'set', 'eth0', 'up')
  const announcing = ['arping', '-q', '-U', '-w', '500000', '-i', 'eth0', '-S', vip, vip]
  const child = spawn('ip', ['netns', 'exec', space, ...announcing], { stdio: 'ignore' })
  const spec = { type: 'LoadBalancer', selector: { app: 'none' }, ports: [{ port: 80 }] }
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec }
  cluster.kubectl(['apply', '-f', '-'], JSON.stringify(service))
  const status = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: vip }] } } })
  cluster.kubectl(['patch', 'service', 'web', '--subresource=status', '-p', status])
  const remove = (): void => {
    child.kill()
    ip('netns', 'del', space)
    cluster.kubectl(['delete', 'service', 'web'])
  }
  return { vip, link, remove }
}

const listening = testNeeding(...needs, 'arping', 'ssh', 'ssh-keygen', '/usr/sbin/sshd')

listening(
  'check --capture=5 judges the node’s rules and the captured ARP, by a pod and by ssh, and leaves nothing',
  async () => {
    const { vip, link, remove } = announcedVip()
    const daemon = await sshd()
    try {
      for (const [how, flags] of [
        ['pod', byPod('localhost/tools:1')],
        ['ssh', ['--nodes', 'ssh', ...daemon.flags]],
      ] as const) {
        const saved = path.join(folder, `heard-${how}`)
        const asked = ['check', vip, '--capture=5', '--fabric', 'lan', '--save-bundle', saved, '--verbose', ...flags]
        const { stdout, stderr } = await vipdoctor(asked).ended
        expect([how, stdout]).toEqual([how, expect.stringContaining(`${vip}:80  default/web`)])
        const wire = new RegExp(`On the wire:\\n +- ${vip} is held by ([0-9a-f]{2}:){5}[0-9a-f]{2}`)
        expect([how, stdout, stderr]).toEqual([how, expect.stringMatching(wire), stderr])
        expect([how, readdirSync(path.join(saved, 'captures/worker-0'))]).toEqual([how, [`${link}.pcapng`]])
        expect(readdirSync(path.join(saved, 'nodes/worker-0'))).toContain('iptables-nft-save.txt')
        const again = await vipdoctor(['check', vip, '--fabric', 'lan', '--verbose', '--bundle', saved]).ended
        expect([how, untyped(again.stdout)]).toEqual([how, untyped(stdout)])
        expect([how, podsLeft(), spawnSync('pgrep', ['-f', `tcpdump -i ${link}`]).stdout.toString()]).toEqual([
          how,
          '',
          '',
        ])
      }
    } finally {
      daemon.stop()
      remove()
    }
  },
)

/** A report without its commands: a live run types them with its own flags, of which a bundle knows nothing. */
const untyped = (report: string): string => report.replaceAll(/^ +(?:kubectl|ssh|aws|vipdoctor) .*$/gm, '')

/** A real sshd on loopback with keys of its own, and the flags by which every node is it. */
async function sshd(): Promise<{ readonly flags: readonly string[]; readonly stop: () => void }> {
  const at = (name: string) => path.join(folder, name)
  const port = String(await freePort())
  mkdirSync('/run/sshd', { recursive: true })
  for (const name of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
  const config = [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('user.pub')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PidFile none',
  ]
  writeFileSync(at('sshd.conf'), `${config.join('\n')}\n`)
  const child = spawn('/usr/sbin/sshd', ['-D', '-f', at('sshd.conf')], { stdio: 'ignore' })
  for (let tries = 0; tries < 100 && spawnSync('ss', ['-ltnH', `sport = ${port}`]).stdout.length === 0; tries += 1)
    await sleep(100)
  const options = [
    ...['HostName=127.0.0.1', `Port=${port}`, `IdentityFile=${at('user')}`, 'IdentitiesOnly=yes'],
    ...['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'],
  ]
  return {
    flags: ['--ssh-user', os.userInfo().username, ...options.flatMap((one) => ['--ssh-option', one])],
    stop: () => child.kill(),
  }
}

where('100 MB come through whole', async () => {
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
  const script = 'head -c 100000000 /dev/zero | tr "\\0" x'
  const { bytes, ended } = await reach.transport(
    { node: 'worker-0', address: '' },
    { script, signal, timeoutMs: 100_000 },
  )
  await reach.close()
  open.close()
  expect({ length: bytes.length, ended }).toEqual({ length: 100_000_000, ended: null })
  expect(bytes.every((byte) => byte === 120)).toBe(true)
  expect(podsLeft()).toBe('')
})

const capturing = () =>
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
  const { child, ended } = capturing()
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

/** The API server learns of a binding by watching: a moment after it has stored it. */
async function untilAllowed(user: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      cluster.kubectl(['-n', 'vipdoctor', 'auth', 'can-i', 'create', 'pods', '--as', user])
      return
    } catch {
      await sleep(100)
    }
  }
}

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
    await untilAllowed('reader')
    const allowed = await collected(byPod('localhost/tools:1', '--node-namespace', 'vipdoctor'), 'reader')
    expect([allowed.gaps.get('ip-addr.json'), allowed.files.has('ip-addr.json')]).toEqual([undefined, true])
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
