import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known, type Known } from '../evidence/gap.ts'
import { lackingSlices } from '../evidence/lacking.ts'
import { objectName, type EndpointSlice, type Pod, type Service } from '../evidence/kubernetes/kinds.ts'
import type { Question } from '../evidence/question.ts'
import { podsLabelled } from '../evidence/kubernetes/pods.ts'
import { perEvidence, perEvidenceOf } from '../evidence/memo.ts'
import { nodesAwaited } from './toleration.ts'

/** One endpoint of a Service at one port, as an EndpointSlice lists it. `node` and `pod` are null where the slice names none. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  readonly node: string | null
  readonly ready: boolean
  readonly pod: string | null
  /** Where it stands: the slice, and its index in `/endpoints`. */
  readonly slice: EndpointSlice
  readonly index: number
}

/**
 * The endpoints of the question's Service at its port, ready or not, by address; those of a Service without slices are none. A gap where none
 * is ready and the listing of slices is not whole.
 */
export const endpointsOf = perEvidenceOf(readEndpoints)

function readEndpoints(evidence: Evidence, question: Question): Known<readonly Endpoint[]> {
  if (question.about !== 'service') return []
  const { service, servicePort, vip } = question
  const slices = evidence.kubernetes.endpointslices
  if (isGap(slices)) return slices
  const family = vip?.family === 6 ? 'IPv6' : 'IPv4'
  const own = slicesByService(evidence).get(objectName(service)) ?? []
  const found = own.flatMap((slice) => {
    const port = slice.ports?.find(({ name = '' }) => name === (servicePort.name ?? ''))?.port
    if (port === undefined || (vip !== null && slice.addressType !== family)) return []
    return (slice.endpoints ?? []).flatMap((endpoint, at) =>
      (endpoint.addresses ?? []).map((address) => ({
        address,
        port,
        node: endpoint.nodeName ?? null,
        // An absent condition means ready (k8s.io/api discovery/v1, EndpointConditions).
        ready: endpoint.conditions?.ready ?? true,
        pod:
          endpoint.targetRef?.kind === 'Pod'
            ? `${endpoint.targetRef.namespace ?? ''}/${endpoint.targetRef.name ?? ''}`
            : null,
        slice,
        index: at,
      })),
    )
  })
  if (!found.some(({ ready }) => ready)) {
    const alike = own.filter(({ addressType }) => addressType === family)
    const hidden = lackingSlices(evidence, service, vip?.family ?? 4, alike.length)
    if (hidden !== null) return hidden
  }
  return found.sort((one, other) => (one.address < other.address ? -1 : 1))
}

const slicesByService = perEvidence(({ kubernetes }): ReadonlyMap<string, readonly EndpointSlice[]> => {
  const index = new Map<string, EndpointSlice[]>()
  for (const slice of known(kubernetes.endpointslices) ?? []) {
    const service = slice.metadata?.labels?.['kubernetes.io/service-name']
    if (service === undefined) continue
    const key = `${slice.metadata?.namespace ?? ''}/${service}`
    const list = index.get(key)
    if (list === undefined) index.set(key, [slice])
    else list.push(slice)
  }
  return index
})

/** The pods that a Service's selector chooses; none for a Service without a selector. */
export function podsOf(evidence: Evidence, service: Service): Known<readonly Pod[]> {
  const pods = evidence.kubernetes.pods
  if (isGap(pods)) return pods
  const selector = Object.entries(service.spec?.selector ?? {})
  if (selector.length === 0) return []
  const [narrow] = selector
    .map(([key, value]) => podsLabelled(evidence, service.metadata?.namespace, key, value))
    .sort((one, other) => one.length - other.length)
  return (narrow ?? []).filter(({ metadata }) => selector.every(([key, value]) => metadata?.labels?.[key] === value))
}

/**
 * The nodes on which a packet for the Service may end: those of its ready endpoints; where there is none, those of its pods; where no node has
 * taken one, those that its pods wait for. Sorted.
 */
export function nodesBehind(evidence: Evidence, question: Question): readonly string[] {
  const endpoints = known(endpointsOf(evidence, question)) ?? []
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  const nodes = (ready.length > 0 ? ready : endpoints).flatMap(({ node }) => node ?? [])
  const pods = question.about === 'service' ? (known(podsOf(evidence, question.service)) ?? []) : []
  if (nodes.length > 0) return [...new Set(nodes)].sort()
  const taken = pods.flatMap(({ spec }) => spec?.nodeName ?? [])
  return [...new Set(taken.length > 0 ? taken : nodesAwaited(known(evidence.kubernetes.nodes) ?? [], pods))].sort()
}
