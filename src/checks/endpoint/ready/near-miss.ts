import { cite, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { known } from '../../../evidence/gap.ts'
import { objectName, type Pod, type Service } from '../../../evidence/kubernetes/kinds.ts'
import { nearest } from '../../../net/nearest.ts'
import { jsonWord, sh } from '../../../net/shell.ts'
import { counted } from '../../../net/words.ts'
import type { Remedy } from '../../finding.ts'

interface NearMiss {
  /** Completes "no pod has the labels …; ". */
  readonly says: string
  readonly proof: readonly Proof[]
  readonly remedy: Remedy
}

/** Pods that lack one label of a selector and have its key with a value that could be the one that was meant; null where none is so near. */
export function nearMiss(evidence: Evidence, service: Service): NearMiss | null {
  const { namespace, name } = service.metadata ?? {}
  const selector = Object.entries(service.spec?.selector ?? {})
  const missed = new Map<string, { readonly key: string; readonly value: string; readonly pods: Pod[] }>()
  for (const pod of known(evidence.kubernetes.pods) ?? []) {
    const { phase } = pod.status ?? {}
    if (pod.metadata?.namespace !== namespace || phase === 'Succeeded' || phase === 'Failed') continue
    const labels = pod.metadata?.labels ?? {}
    const [odd, ...more] = selector.filter(([key, wanted]) => labels[key] !== wanted)
    const value = odd === undefined ? undefined : labels[odd[0]]
    if (odd === undefined || value === undefined || more.length > 0) continue
    if (selector.length < 2 && !mayBeMeant(odd[1], value)) continue
    const [key] = odd
    const group = missed.get(`${key}=${value}`) ?? { key, value, pods: [] }
    group.pods.push(pod)
    missed.set(`${key}=${value}`, group)
  }
  const [only, ...others] = missed.values()
  if (only === undefined || others.length > 0) return null
  const { key, value, pods } = only
  const [first] = pods
  if (first === undefined) return null
  const who = pods.length === 1 ? `pod ${objectName(first)} has` : `${counted(pods.length, 'pod')} have`
  return {
    says: `${who} ${key}=${value}`,
    proof: pods.slice(0, 2).map((pod) => cite(pod, 'metadata', 'labels', key)),
    remedy: {
      summary: `select ${key}=${value}`,
      commands: [
        sh`kubectl -n ${namespace} patch service ${name} -p ${jsonWord({ spec: { selector: { [key]: value } } })}`,
      ],
      changes: `The Service then selects ${counted(pods.length, 'pod')}. If its selector is right, label the pods in the template that makes them instead.`,
    },
  }
}

/** A few letters apart, or one the beginning of the other: `web` and `web-v2`. */
const mayBeMeant = (wanted: string, value: string): boolean =>
  nearest(wanted, [value]).length > 0 || wanted.startsWith(value) || value.startsWith(wanted)
