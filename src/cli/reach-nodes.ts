import type { Interfaces } from '@oclif/core'
import { openCluster, type ClusterOptions } from '../collect/kubernetes/cluster.ts'
import { reachOf, type Reach, type ReachOptions, type ReachRun } from '../collect/node/reach.ts'
import { proxyFromEnvironment } from '../net/proxy.ts'
import { kubeconfigsOf, type liveFlags } from './live-flags.ts'

type Flags = Interfaces.InferredFlags<typeof liveFlags>

/** What the flags say of the way to a node. */
export type ReachFlags = Pick<
  Flags,
  | 'kubeconfig'
  | 'context'
  | 'as'
  | 'as-group'
  | 'nodes'
  | 'node-namespace'
  | 'node-image'
  | 'nodes-at-once'
  | 'timeout'
  | 'ssh-user'
  | 'ssh-option'
>

/** What is said to a second Ctrl-C while pods are taken away. */
export const podsGoing = 'the pods are being deleted. Once more, and they stay until their deadline or the next run'

/** The way to nodes outside of a reading of the cluster. @throws UserError where it needs a kubeconfig, and there is none. */
export async function reachNodes(
  flags: ReachFlags,
  how: ReachOptions['how'],
  run: Pick<ReachRun, 'nodes' | 'workMs' | 'signal' | 'progress'>,
): Promise<Reach> {
  const cluster =
    how === 'pod' ? await openCluster(clusterOf(flags), { signal: run.signal, timeoutMs: flags.timeout * 1000 }) : null
  const reach = reachOf(reachOptions(flags, how), { ...run, cluster })
  return {
    ...reach,
    close: async () => {
      await reach.close()
      cluster?.close()
    },
  }
}

/** @throws UserError where groups are named without a user, which the API server would refuse. */
export const clusterOf = (flags: Pick<Flags, 'kubeconfig' | 'context' | 'as' | 'as-group'>): ClusterOptions => ({
  kubeconfigs: kubeconfigsOf(flags.kubeconfig, process.env),
  context: flags.context ?? null,
  proxyFor: proxyFromEnvironment(process.env),
  as: flags.as === undefined ? null : { user: flags.as, groups: flags['as-group'] ?? [] },
})

/** How nodes are reached, as the flags say it. */
export const reachOptions = (flags: ReachFlags, how: ReachOptions['how']): ReachOptions => ({
  how,
  ssh: { user: flags['ssh-user'] ?? null, options: flags['ssh-option'] ?? [] },
  pods: { namespace: flags['node-namespace'], image: flags['node-image'] },
  atOnce: flags['nodes-at-once'],
})
