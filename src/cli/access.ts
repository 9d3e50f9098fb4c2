import type { Interfaces } from '@oclif/core'
import { targetOf, thisNode } from '../collect/node-hints.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { oneWord, type Access } from '../report/access.ts'
import type { liveFlags } from './live-flags.ts'

/** What flags say of the way to what printed commands speak to. */
export type AccessFlags = Pick<
  Interfaces.InferredFlags<typeof liveFlags>,
  | 'kubeconfig'
  | 'context'
  | 'as'
  | 'as-group'
  | 'region'
  | 'profile'
  | 'nodes'
  | 'node-addresses'
  | 'node-image'
  | 'ssh-user'
  | 'ssh-option'
>

/**
 * How this user reaches the cluster, the account and the nodes whose evidence was read live: by the flags that were given. The region is
 * named, too, where only the evidence knows it; what stands in the environment stands there for the printed commands as well.
 */
export function accessOf(flags: AccessFlags, evidence: Evidence, env: NodeJS.ProcessEnv): Access {
  const inEnvironment = env.AWS_REGION ?? env.AWS_DEFAULT_REGION
  const region = flags.region ?? (inEnvironment === undefined ? (known(evidence.aws.region) ?? undefined) : undefined)
  return {
    kubectl: [
      ...words('--kubeconfig', flags.kubeconfig),
      ...words('--context', flags.context),
      ...words('--as', flags.as),
      ...(flags['as-group'] ?? []).flatMap((group) => words('--as-group', group)),
    ],
    aws: [...words('--profile', flags.profile), ...words('--region', region)],
    nodes: nodesBy(flags, evidence),
  }
}

const words = (flag: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [flag, oneWord(value)]

function nodesBy(flags: AccessFlags, evidence: Evidence): Access['nodes'] {
  const nodes = known(evidence.kubernetes.nodes) ?? []
  if (flags.nodes === 'pod') return { by: 'pod', image: oneWord(flags['node-image']) }
  if (flags.nodes === 'local') return { by: 'local', node: thisNode(nodes).node }
  const addresses = new Map(
    flags.nodes === 'none'
      ? []
      : nodes.flatMap((node) => {
          const { node: name, address } = targetOf(node, flags['node-addresses'], evidence)
          // Empty where its instance is not known.
          return address === '' ? [] : [[name, address] as const]
        }),
  )
  const user = flags['ssh-user'] === undefined ? '' : `${flags['ssh-user']}@`
  return {
    by: 'ssh',
    options: (flags['ssh-option'] ?? []).flatMap((option) => words('-o', option)),
    nameOf: (node) => oneWord(`${user}${addresses.get(node) ?? node}`),
  }
}
