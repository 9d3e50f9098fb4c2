import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known, type Known } from '../../evidence/gap.ts'
import { objectName, type Lease, type Service } from '../../evidence/kubernetes/kinds.ts'
import { type Question, serviceOf } from '../../evidence/question.ts'
import { nodeNamed } from './nodes.ts'
import { asksForElection } from './pods.ts'
import type { KubeVipSettings } from './settings.ts'

/**
 * A lease is read some time before or after the moment that the bundle names; this much is allowed for it, in seconds. A rule of thumb:
 * a collection over slow ssh takes about that long.
 */
const leaseSlackSeconds = 30

/** Whose word decides who announces: a lease by name, in a namespace where that is fixed. Null where every pod announces. */
export interface LeaseName {
  readonly name: string
  readonly namespace: string | null
}

/** The lease of a question, by the settings of the pods that serve it (kube-vip v1.2.3 pkg/lease/lease.go, pkg/election). */
export function leaseNameFor(settings: KubeVipSettings, question: Question): LeaseName | null {
  const service = serviceOf(question)
  if (service === null) return settings.leaderElection ? { name: settings.leaseName, namespace: null } : null
  if (settings.servicesElection || (settings.electionOnDemand && asksForElection(settings, service)))
    return ownLease(service)
  const [mode] = settings.modes
  // By BGP and by table every pod announces unless leaders are elected; by ARP one leader always announces all Services.
  if (mode === 'arp' || (mode === 'table' && settings.leaderElection))
    return { name: settings.servicesLeaseName, namespace: null }
  return null
}

/** `kubevip-NAME` in the Service's namespace, or what its annotation says: `NAME` or `NAMESPACE/NAME`. */
function ownLease({ metadata }: Service): LeaseName {
  const { name = '', namespace = null } = metadata ?? {}
  const [first = '', second] = (metadata?.annotations?.['kube-vip.io/leaseName'] ?? '').split('/')
  if (second !== undefined) return { name: second, namespace: first }
  return { name: first === '' ? `kubevip-${name}` : first, namespace }
}

/** The lease of that name; the one renewed last where several namespaces have one. Null: there is none. */
export function findLease(evidence: Evidence, { name, namespace }: LeaseName): Known<Lease | null> {
  const leases = evidence.kubernetes.leases
  if (isGap(leases)) return leases
  const found = leases.filter(
    ({ metadata }) => metadata?.name === name && (namespace === null || metadata.namespace === namespace),
  )
  return found.toSorted((one, other) => (renewed(one) > renewed(other) ? -1 : 1))[0] ?? null
}

const renewed = ({ spec }: Lease): string => spec?.renewTime ?? ''

/** By how many seconds a lease had run out when the evidence was gathered; zero for one that still holds, slack included. Null where it cannot be told. */
export function secondsOverdue(evidence: Evidence, { spec }: Lease): number | null {
  const now = Date.parse(known(evidence.time) ?? '')
  const at = Date.parse(spec?.renewTime ?? '')
  const duration = spec?.leaseDurationSeconds
  if (Number.isNaN(now) || Number.isNaN(at) || duration === undefined) return null
  const overdue = (now - at) / 1000 - duration
  return overdue <= leaseSlackSeconds ? 0 : Math.floor(overdue)
}

/** The node that a lease names; null for a lease that nobody holds. */
export function holderOf(evidence: Evidence, { spec }: Lease): string | null {
  const holder = spec?.holderIdentity ?? ''
  if (holder === '') return null
  const node = nodeNamed(evidence, holder)
  return node === null ? holder : objectName(node)
}

/** How a lease is written: `namespace/name`, or the name alone where any namespace will do. */
export const leaseText = ({ name, namespace }: LeaseName): string =>
  namespace === null ? name : `${namespace}/${name}`
