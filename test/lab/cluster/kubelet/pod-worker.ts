import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Api } from './api.ts'
import { makeVolumes, runContainer } from './container.ts'
import { networkNotReady } from './node-status.ts'
import { addNetwork, removeNetwork } from './sandbox.ts'
import type { Container, Pod, Settings } from './types.ts'

type State = Readonly<Record<string, unknown>>

/** What outlives a kubelet that is stopped: its successor takes the pod over as it is. */
interface Kept {
  readonly pid: number | null
  readonly network: string | null
  readonly ip: string | null
  readonly restarts: number
}

/** One pod on this node, from its sandbox to its end; `step` is called again and again and does what is due. */
export class PodWorker {
  readonly pod: Pod
  private readonly api: Api
  private readonly settings: Settings
  private kept: Kept = { pid: null, network: null, ip: null, restarts: 0 }
  private nextStart = 0
  private nextRefresh = 0
  private waiting = { reason: 'ContainerCreating', message: '' }
  private told = ''
  private eventsTold = new Set<string>()

  constructor(pod: Pod, api: Api, settings: Settings) {
    this.pod = pod
    this.api = api
    this.settings = settings
    if (existsSync(this.file())) this.kept = JSON.parse(readFileSync(this.file(), 'utf8')) as Kept
  }

  async step(): Promise<void> {
    // Secrets change under a running pod: MetalLB's webhook waits for its certificate to appear in its volume.
    if (this.running() && Date.now() >= this.nextRefresh) {
      this.nextRefresh = Date.now() + 3000
      await makeVolumes(this.api, this.pod, null)
    }
    if (!this.running() && Date.now() >= this.nextStart) await this.start()
    await this.tell(this.running() && (await this.ready()))
  }

  /** Ends the pod's program, takes its network away and, where the API still has it, the pod. */
  async stop(): Promise<void> {
    const { pid, network } = this.kept
    if (pid !== null) signal(-pid, 'SIGKILL')
    if (network !== null) await removeNetwork(network)
    rmSync(this.folder(), { recursive: true, force: true })
    const { uid } = this.pod.metadata
    await this.api.delete(this.path(), { gracePeriodSeconds: 0, preconditions: { uid } }).catch(() => undefined)
  }

  private folder(): string {
    return `/var/lib/kubelet/pods/${this.pod.metadata.uid}`
  }

  private file(): string {
    return `${this.folder()}/kept.json`
  }

  private keep(change: Partial<Kept>): void {
    this.kept = { ...this.kept, ...change }
    mkdirSync(this.folder(), { recursive: true })
    writeFileSync(this.file(), JSON.stringify(this.kept))
  }

  private running(): boolean {
    return this.kept.pid !== null && signal(this.kept.pid, 0)
  }

  private container(): Container {
    const [container] = this.pod.spec.containers
    if (container === undefined) throw new Error('a pod without a container')
    return container
  }

  private async start(): Promise<void> {
    const again = this.kept.pid !== null
    if (again) this.keep({ restarts: this.kept.restarts + 1 })
    // kubelet waits 10 s after the first end, then longer; the lab never longer.
    this.nextStart = Date.now() + (again ? 10_000 : 2000)
    const container = this.container()
    const program = this.settings.images[container.image.replace(/:[^/]*$/, '')]
    try {
      if (this.pod.spec.hostNetwork === true) this.keep({ ip: this.settings.address })
      else if (this.kept.ip === null) await this.join()
      if (program === undefined) {
        this.waiting = { reason: 'ImagePullBackOff', message: `Back-off pulling image "${container.image}"` }
        return
      }
      const { certificate } = this.settings
      const volumes = await makeVolumes(this.api, this.pod, certificate)
      const place = { ip: this.kept.ip ?? '', network: this.kept.network, volumes }
      const child = runContainer(container, this.pod, place, this.settings, program)
      this.keep({ pid: child.pid ?? null })
      this.waiting = { reason: 'CrashLoopBackOff', message: `back-off restarting failed container=${container.name}` }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message.startsWith('Failed to create pod sandbox')) await this.event('FailedCreatePodSandBox', message)
      else if (message.startsWith('network is not ready')) await this.event('NetworkNotReady', message)
      else this.waiting = { reason: 'ContainerCreating', message }
    }
  }

  private async join(): Promise<void> {
    const why = networkNotReady()
    if (why !== null) throw new Error(`network is not ready: ${why}`)
    const id = `cni-${this.pod.metadata.uid}`
    const portMappings = (this.container().ports ?? [])
      .filter(({ hostPort }) => hostPort !== undefined)
      .map(({ hostPort, containerPort }) => ({ hostPort, containerPort, protocol: 'tcp' }))
    const ip = await addNetwork(id, { portMappings })
    this.keep({ ip, network: id })
  }

  private async ready(): Promise<boolean> {
    const probe = this.container().readinessProbe?.httpGet
    if (probe === undefined) return true
    const port =
      typeof probe.port === 'number'
        ? probe.port
        : (this.container().ports?.find(({ name }) => name === probe.port)?.containerPort ?? 0)
    return answers(probe.host ?? this.kept.ip ?? '', port, probe.path ?? '/')
  }

  private path(): string {
    return `/api/v1/namespaces/${this.pod.metadata.namespace}/pods/${this.pod.metadata.name}`
  }

  /** Patches the pod's status where it is not what was told last. */
  private async tell(ready: boolean): Promise<void> {
    const running = this.running()
    const { ip, restarts } = this.kept
    const { name, image } = this.container()
    const condition = (type: string, holds: boolean, why: State = {}): State => ({
      ...{ type, status: holds ? 'True' : 'False' },
      ...(holds ? {} : why),
    })
    const unready = { reason: 'ContainersNotReady', message: `containers with unready status: [${name}]` }
    const state = running ? { running: {} } : { waiting: this.waiting }
    const status = {
      phase: running || restarts > 0 ? 'Running' : 'Pending',
      hostIP: this.settings.address,
      hostIPs: [{ ip: this.settings.address }],
      ...(ip === null ? {} : { podIP: ip, podIPs: [{ ip }] }),
      conditions: [
        condition('PodReadyToStartContainers', ip !== null),
        condition('Initialized', true),
        condition('Ready', ready, unready),
        condition('ContainersReady', ready, unready),
        condition('PodScheduled', true),
      ],
      containerStatuses: [{ name, image, imageID: image, ready, started: running, restartCount: restarts, state }],
    }
    const text = JSON.stringify(status)
    if (text === this.told) return
    await this.api.patch(`${this.path()}/status`, { status })
    this.told = text
  }

  private async event(reason: string, message: string): Promise<void> {
    if (this.eventsTold.has(message)) return
    this.eventsTold.add(message)
    const { name, namespace, uid } = this.pod.metadata
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
    await this.api.post(`/api/v1/namespaces/${namespace}/events`, {
      metadata: { generateName: `${name}.`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid },
      ...{ type: 'Warning', reason, message, count: 1, firstTimestamp: now, lastTimestamp: now },
      source: { component: 'kubelet', host: this.settings.node },
    })
  }
}

/** Whether there was a process, or a group of them, to signal. */
function signal(pid: number, what: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, what)
  } catch {
    return false
  }
}

async function answers(host: string, port: number, path: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}:${String(port)}${path}`, { signal: AbortSignal.timeout(1000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
