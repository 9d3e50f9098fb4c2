import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { objectName, type KubernetesObject, type Pod } from '../../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { metallbSettings } from './install.ts'

/** Why a speaker cannot work although it may run, as the rest of a sentence about it. */
export interface Handicap {
  readonly says: string
  readonly proof: Proof
}

/**
 * What a pod is told to mount or to read and is not there (a Secret or ConfigMap): from the waiting state of a container, else from the
 * newest event FailedMount. The kubelet repeats that event as long as the pod waits.
 */
export function missingObject(
  evidence: Evidence,
  pod: Pod,
): { readonly kind: string; readonly name: string; readonly proof: Proof } | null {
  const statuses = pod.status?.containerStatuses ?? []
  for (const [index, { state }] of statuses.entries()) {
    const found = namedIn(state?.waiting?.message)
    if (found !== null)
      return { ...found, proof: cite(pod, 'status', 'containerStatuses', index, 'state', 'waiting', 'message') }
  }
  const event = mountFailures(evidence).get(objectName(pod))
  const found = namedIn(event?.message)
  return event === undefined || found === null ? null : { ...found, proof: cite(event, 'message') }
}

function namedIn(message = ''): { readonly kind: string; readonly name: string } | null {
  const [, kind = '', name = ''] = /(secret|configmap) "([^"]+)" not found/.exec(message) ?? []
  return name === '' ? null : { kind: kind === 'secret' ? 'Secret' : 'ConfigMap', name: name.split('/').at(-1) ?? name }
}

const mountFailures = perEvidence(({ kubernetes: { events } }: Evidence) => {
  const newest = new Map<string, KubernetesObject<'events'>>()
  for (const event of known(events) ?? []) {
    const { reason, involvedObject } = event
    if (reason !== 'FailedMount' || involvedObject?.kind !== 'Pod') continue
    const key = `${involvedObject.namespace ?? ''}/${involvedObject.name ?? ''}`
    const before = newest.get(key)
    if (before === undefined || (before.lastTimestamp ?? '') <= (event.lastTimestamp ?? '')) newest.set(key, event)
  }
  return newest
})

/** What a speaker lacks to open raw sockets on the node (metallb v0.16.1, config/manifests: hostNetwork, NET_RAW); null where its pod has it. */
export function powerless(pod: Pod): Handicap | null {
  if (pod.spec?.hostNetwork !== true)
    return {
      says: 'is not on the network of its node (hostNetwork), so it answers no ARP there',
      proof: cite(pod, 'spec', 'hostNetwork'),
    }
  const at = Math.max(0, pod.spec.containers?.findIndex(({ name }) => name === 'speaker') ?? 0)
  const context = pod.spec.containers?.[at]?.securityContext as SecurityContext | undefined
  const { add = [], drop = [] } = context?.capabilities ?? {}
  const has = (list: readonly string[], name: string) => list.some((one) => one.toUpperCase() === name)
  // The runtime gives NET_RAW by default, until ALL or NET_RAW itself is dropped.
  const lost = (has(drop, 'ALL') || has(drop, 'NET_RAW')) && !has(add, 'NET_RAW') && !has(add, 'ALL')
  return lost && context?.privileged !== true
    ? {
        says: 'has no capability NET_RAW, so it cannot open the sockets for ARP and NDP',
        proof: cite(pod, 'spec', 'containers', at, 'securityContext'),
      }
    : null
}

interface SecurityContext {
  readonly privileged?: boolean
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
}

const enforce = 'pod-security.kubernetes.io/enforce'

/** The Pod Security level of MetalLB's namespace, where it admits no speaker: any but `privileged` forbids the host's network. */
export function forbiddingLevel(
  evidence: Evidence,
): { readonly namespace: string; readonly level: string; readonly proof: Proof } | null {
  const { namespace } = metallbSettings(evidence)
  const own = (known(evidence.kubernetes.namespaces) ?? []).find(({ metadata }) => metadata?.name === namespace)
  const level = own?.metadata?.labels?.[enforce]
  return own === undefined || level === undefined || level === 'privileged'
    ? null
    : { namespace, level, proof: cite(own, 'metadata', 'labels', enforce) }
}
