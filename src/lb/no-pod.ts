import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { objectName, type KubernetesObject, type Node } from '../evidence/kubernetes/kinds.ts'
import { counted } from '../net/words.ts'
import { tolerates } from './toleration.ts'

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number]

/** A DaemonSet as kept. */
export type DaemonSet = KubernetesObject<'daemonsets'>

/** Why an announcer's DaemonSet has no pods: what keeps them out, as the rest of a sentence about it. */
export interface NoPod {
  readonly by: 'pod-security' | 'quota' | 'admission' | 'node-selector' | 'taints'
  readonly says: string
  readonly proof: Proof
}

/**
 * By the newest event FailedCreate, in which the API server says why it admits no pod; else by a node selector that no node meets, or
 * taints of all nodes that the pods do not tolerate. Null where nothing says it.
 */
export const whyNoPod = (evidence: Evidence, set: DaemonSet): NoPod | null =>
  refused(evidence, set) ?? nowhere(evidence, set)

function refused({ kubernetes: { events } }: Evidence, set: DaemonSet): NoPod | null {
  const own = (known(events) ?? []).filter(
    ({ reason, involvedObject }) =>
      reason === 'FailedCreate' &&
      involvedObject?.kind === 'DaemonSet' &&
      `${involvedObject.namespace ?? ''}/${involvedObject.name ?? ''}` === objectName(set),
  )
  const time = ({ series, lastTimestamp, eventTime }: (typeof own)[number]) =>
    series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? ''
  const event = own.toSorted((one, other) => (time(one) < time(other) ? -1 : 1)).at(-1)
  const [, why] = /is forbidden: (.*)$/s.exec(event?.message ?? '') ?? []
  const text = (why ?? event?.message ?? '').trim().replace(/\.$/, '')
  if (event === undefined || text === '') return null
  const by = text.includes('violates PodSecurity')
    ? 'pod-security'
    : text.includes('exceeded quota')
      ? 'quota'
      : 'admission'
  return { by, says: `the API server admits none: ${text}`, proof: cite(event, 'message') }
}

/** The scheduler would place none (a DaemonSet's pods tolerate what Kubernetes itself taints a node with). */
function nowhere({ kubernetes: { nodes } }: Evidence, set: DaemonSet): NoPod | null {
  const { nodeSelector = {}, tolerations = [] } = set.spec?.template?.spec ?? {}
  const all = known(nodes) ?? []
  if (all.length === 0) return null
  const wanted = Object.entries(nodeSelector)
  const selected = all.filter(({ metadata }) => wanted.every(([key, value]) => metadata?.labels?.[key] === value))
  if (selected.length === 0) {
    const [key, value] = wanted.find(([name, text]) =>
      all.every(({ metadata }) => metadata?.labels?.[name] !== text),
    ) ?? [wanted.map(([name]) => name).join(), '']
    return {
      by: 'node-selector',
      says: `no node has the label ${key}=${value} that its node selector asks for`,
      proof: cite(set, 'spec', 'template', 'spec', 'nodeSelector'),
    }
  }
  const tolerated = (taint: Taint) =>
    (taint.key ?? '').startsWith('node.kubernetes.io/') || tolerates(tolerations, taint)
  const shut = selected.map(({ spec }) => (spec?.taints ?? []).find((taint) => !tolerated(taint)))
  const [first] = shut
  if (first === undefined || shut.includes(undefined)) return null
  return {
    by: 'taints',
    says: `each of the ${counted(selected.length, 'node')} that it may use has a taint that it does not tolerate (${first.key ?? ''}:${first.effect ?? ''})`,
    proof: cite(set, 'spec', 'template', 'spec', 'tolerations'),
  }
}
