import { readFileSync } from 'node:fs'
import { run, sleep, tryRun } from '../run.ts'
import { connect } from './api.ts'
import { heartbeat, networkNotReady, register } from './node-status.ts'
import { PodWorker } from './pod-worker.ts'
import type { Pod, Settings } from './types.ts'

// The lab's kubelet: it says of its node what kubelet says, and runs pods as processes in namespaces made by real CNI plugins. What it leaves
// out is what needs images and a container runtime.

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Settings
process.title = '/usr/local/bin/kubelet --config=/var/lib/kubelet/kubelet-config.yaml'
const api = connect(settings.server, settings.certificate, settings.token)
const workers = new Map<string, PodWorker>()
const busy = new Set<string>()

/** What kubelet writes into the packet filter (pkg/kubelet/kubelet_network_linux.go, v1.34). */
async function writeFirewall(): Promise<void> {
  const rules = [
    ['-t', 'mangle', '-N', 'KUBE-IPTABLES-HINT'],
    ...['mangle', 'nat', 'filter'].map((table) => ['-t', table, '-N', 'KUBE-KUBELET-CANARY']),
    ['-t', 'filter', '-N', 'KUBE-FIREWALL'],
    [
      ...['-t', 'filter', '-A', 'KUBE-FIREWALL', '!', '-s', '127.0.0.0/8', '-d', '127.0.0.0/8'],
      ...['-m', 'comment', '--comment', 'block incoming localnet connections'],
      ...['-m', 'conntrack', '!', '--ctstate', 'RELATED,ESTABLISHED,DNAT', '-j', 'DROP'],
    ],
    ...['INPUT', 'OUTPUT'].map((chain) => ['-t', 'filter', '-I', chain, '-j', 'KUBE-FIREWALL']),
  ]
  if ((await tryRun('iptables-nft', ['-S', 'KUBE-FIREWALL'])).status === 0) return
  for (const rule of rules) await run('iptables-nft', rule)
}

/** Ends what is no longer wanted, begins what is new, and lets each pod do what is due; a slow one holds nobody up. */
async function syncPods(): Promise<void> {
  const list = await api.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${settings.node}`)
  const pods = list.items as readonly Pod[]
  const wanted = new Set(
    pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.uid),
  )
  for (const pod of pods) {
    if (!workers.has(pod.metadata.uid)) workers.set(pod.metadata.uid, new PodWorker(pod, api, settings))
  }
  for (const [uid, worker] of workers) {
    if (busy.has(uid)) continue
    busy.add(uid)
    const due = wanted.has(uid) ? worker.step() : worker.stop().then(() => workers.delete(uid))
    void due.catch(report).finally(() => busy.delete(uid))
  }
}

const report = (error: unknown): void => {
  console.error(new Date().toISOString(), error instanceof Error ? error.message : error)
}

process.on('SIGTERM', () => process.exit(0)) // As with a real one, its pods go on.
await writeFirewall().catch(report)
let registered: Promise<unknown> | null = null
let nextBeat = 0
let wasReady: boolean | null = null
for (;;) {
  try {
    registered ??= register(api, settings)
    await registered
    const ready = networkNotReady() === null
    if (Date.now() >= nextBeat || ready !== wasReady) {
      await heartbeat(api, settings.node)
      nextBeat = Date.now() + 4000
      wasReady = ready
    }
    await syncPods()
  } catch (error) {
    report(error)
    registered = null
    await sleep(500)
  }
  await sleep(500)
}
