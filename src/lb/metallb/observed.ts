import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import { type KubernetesObject, objectName, type Service } from '../../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { metallbPods, metallbSettings, olderThan } from './install.ts'

type ServiceL2Status = KubernetesObject<'servicel2statuses'>

/** A node that says it announces, and where it says so. */
export interface Announcement {
  readonly node: string
  /** The interfaces by which it does; none where by all, null where it does not say. */
  readonly interfaces: readonly string[] | null
  readonly proof: Proof
}

/**
 * Who announces by ARP or NDP, by the most trusted observation that MetalLB's version leaves: one ServiceL2Status for each Service and
 * announcing node (since 0.14.6; taken away with the announcement), before that the newest event `nodeAssigned`, whose absence proves
 * nothing. A status whose speaker is gone is left over from a crash and does not count.
 */
export function observedByMetallb(evidence: Evidence, service: Service): Known<readonly Announcement[]> {
  if (olderThan(metallbSettings(evidence), '0.14.6')) return byEvent(evidence, objectName(service))
  const statuses = evidence.kubernetes.servicel2statuses
  if (isGap(statuses)) return statuses
  const speakers = speakerNames(evidence)
  const lives = (name: string): boolean => speakers === null || speakers.has(name)
  return (statusesByService(evidence).get(objectName(service)) ?? [])
    .filter(({ metadata }) =>
      (metadata?.ownerReferences ?? []).every(({ kind, name = '' }) => kind !== 'Pod' || lives(name)),
    )
    .flatMap((own) => {
      const node = own.status?.node
      const interfaces = (own.status?.interfaces ?? []).flatMap(({ name }) => name ?? [])
      return node === undefined ? [] : [{ node, interfaces, proof: cite(own, 'status', 'node') }]
    })
    .sort((one, other) => (one.node < other.node ? -1 : 1))
}

const speakerNames = perEvidence((evidence: Evidence): ReadonlySet<string> | null => {
  const speakers = known(metallbPods(evidence, 'speaker'))
  return speakers === null ? null : new Set(speakers.flatMap(({ metadata }) => metadata?.name ?? []))
})

const statusesByService = perEvidence((evidence: Evidence): ReadonlyMap<string, readonly ServiceL2Status[]> => {
  const index = new Map<string, ServiceL2Status[]>()
  for (const one of known(evidence.kubernetes.servicel2statuses) ?? []) {
    const service = `${one.status?.serviceNamespace ?? ''}/${one.status?.serviceName ?? ''}`
    const list = index.get(service)
    if (list === undefined) index.set(service, [one])
    else list.push(one)
  }
  return index
})

function byEvent({ kubernetes: { events } }: Evidence, service: string): Known<readonly Announcement[]> {
  if (isGap(events)) return events
  const assigned = events.flatMap((event) => {
    const { reason, message = '', involvedObject } = event
    const own = `${involvedObject?.namespace ?? ''}/${involvedObject?.name ?? ''}` === service
    const node = /announcing from node "([^"]+)"(?! with protocol "bgp")/.exec(message)?.[1]
    const at = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? ''
    return reason === 'nodeAssigned' && own && node !== undefined ? [{ node, at, proof: cite(event, 'message') }] : []
  })
  const newest = assigned.sort((one, other) => (one.at < other.at ? 1 : -1))[0]
  return newest === undefined ? [] : [{ node: newest.node, interfaces: null, proof: newest.proof }]
}
