import type { Node } from '../../evidence/kubernetes/kinds.ts'
import type { Progress } from '../collection.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import type { FrameSource, ListenOptions } from '../../capture/source.ts'
import { spawned } from '../../capture/sources/running.ts'
import { nodeSource, type Place, type Runner } from './listen.ts'
import { nodeRoot } from './pod/manifest.ts'
import { nodePods } from './pod/node-pods.ts'
import { podRunner } from './pod/runner.ts'
import { podTransport } from './pod/transport.ts'
import {
  localTransport,
  sshArguments,
  sshTransport,
  type NodeTarget,
  type NodeTransport,
  type SshOptions,
} from './transport.ts'

/** How nodes are reached: only the one that this machine is, by OpenSSH, or by a pod on each. */
export interface ReachOptions {
  readonly how: 'local' | 'ssh' | 'pod'
  readonly ssh: SshOptions
  readonly pods: { readonly namespace: string; readonly image: string }
  /** How many nodes at once. */
  readonly atOnce: number
}

/** What a run of it needs besides. */
export interface ReachRun {
  /** Only pods need it. */
  readonly cluster: Cluster | null
  readonly nodes: readonly Node[]
  /** The longest that one thing on a node takes. */
  readonly workMs: number
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** One way to nodes: to run the node script there, and to listen. */
export interface Reach {
  readonly transport: NodeTransport
  /** Listens on a node: on an interface, else on the one with this address. */
  readonly listen: (target: NodeTarget, where: Omit<Place, 'root'>, options: ListenOptions) => FrameSource
  /** Takes away what was made for it; to be called on every way out. */
  readonly close: () => Promise<void>
}

/** A pod that runs after a minute was slow to pull its image; one that does not has something in its way. */
const podStartMs = 60_000

/** The way to the nodes. */
export function reachOf({ how, ssh, pods, atOnce }: ReachOptions, run: ReachRun): Reach {
  const { cluster } = run
  switch (how) {
    case 'local':
      return by(localTransport, (_, command, work) => work(spawned(command)))
    case 'ssh':
      return by(sshTransport(ssh), ({ address }, command, work) =>
        work(spawned(['ssh', ...sshArguments(ssh, address, command.map(quoted).join(' '))])),
      )
    case 'pod': {
      if (cluster === null) throw new Error('pods are made by an API server, and none was opened')
      const made = nodePods({ ...run, ...pods, cluster, atOnce, startMs: podStartMs })
      return by(podTransport(cluster, made), podRunner(cluster, made), nodeRoot, made.close)
    }
  }
}

const by = (
  transport: NodeTransport,
  runner: Runner,
  root: string | null = null,
  close: () => Promise<void> = () => Promise.resolve(),
): Reach => ({
  transport,
  listen: (target, where, options) => nodeSource(target, { ...where, root }, options, runner),
  close,
})

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
