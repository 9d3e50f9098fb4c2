import type { Evidence } from '../evidence/evidence.ts'
import type { Reading } from '../report/reading.ts'
import { accessOf, type AccessFlags } from './access.ts'

type Flags = AccessFlags & {
  readonly bundle: string | undefined
  readonly client: string
  readonly fabric: string
  readonly 'vpc-id': string | undefined
}

/** How the evidence of this run was read, for the report to say how more of it can be, and to print commands as they are typed here. */
export function readingOf(flags: Flags, evidence: Evidence): Reading {
  if (flags.bundle !== undefined) return { from: 'bundle', path: flags.bundle }
  const { env } = process
  const usual: Readonly<Record<string, string>> = { client: 'vpc', fabric: 'auto', 'node-addresses': 'internal' }
  const again = [
    ...(['kubeconfig', 'context', 'as', 'as-group', 'region', 'profile', 'ssh-user', 'ssh-option'] as const),
    ...(['node-addresses', 'client', 'fabric', 'vpc-id'] as const),
  ]
  return {
    from: 'live',
    nodes: flags.nodes,
    region: flags.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? null,
    access: accessOf(flags, evidence, env),
    flags: again.flatMap((name) =>
      [flags[name] ?? []].flat().flatMap((value) => (value === usual[name] ? [] : [[name, value] as const])),
    ),
  }
}
