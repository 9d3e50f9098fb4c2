import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { objectName, type Pod, type Service } from '../evidence/kubernetes/kinds.ts'
import { perEvidence } from '../evidence/memo.ts'
import { indexBy } from '../net/index-by.ts'
import { inWords } from '../net/words.ts'
import { metallbMark } from './marks.ts'
import { findLease, holderOf, secondsOverdue } from './kube-vip/leases.ts'

/** A load-balancer controller that is none of MetalLB, kube-vip and Kube-OVN: known by name, so that nothing is said of those in its place. */
export type OtherName =
  'Cilium' | 'k3s ServiceLB' | 'kube-router' | 'Calico' | 'the AWS Load Balancer Controller' | 'a cloud controller'

/** Why a Service belongs to another system. */
export interface OtherSystem {
  readonly name: OtherName
  /** A phrase that completes "…: ", with the place that shows it. */
  readonly why: string
  readonly proof: readonly Proof[]
  /** Why it gave the Service no address, where it says so. */
  readonly refused: string | null
  /** The nodes that take in the VIP's packets by what that system itself wrote; empty where it wrote that none does, null where nothing says. */
  readonly announcing: { readonly nodes: readonly string[]; readonly says: string; readonly proof: Proof } | null
}

/** Classes that a controller was given by its own documentation. */
const classes: Readonly<Record<string, OtherName>> = {
  'io.cilium/l2-announcer': 'Cilium',
  'io.cilium/bgp-control-plane': 'Cilium',
  'service.k8s.aws/nlb': 'the AWS Load Balancer Controller',
  'eks.amazonaws.com/nlb': 'the AWS Load Balancer Controller',
  'kube-router': 'kube-router',
  calico: 'Calico',
}

/** The other system that serves a Service, by the marks that it left on it; null for none. */
export function otherSystem(evidence: Evidence, service: Service): OtherSystem | null {
  return (
    byCondition(evidence, service) ??
    byClass(evidence, service) ??
    byPods(evidence, service) ??
    byFinalizer(service) ??
    byAnnotation(service) ??
    byHostname(service)
  )
}

/** The same, unless MetalLB gave the Service its address: then the other one only takes part. */
export function servedByOther(evidence: Evidence, service: Service | null): OtherSystem | null {
  return service === null || metallbMark(service) !== null ? null : otherSystem(evidence, service)
}

function byClass(evidence: Evidence, service: Service): OtherSystem | null {
  const own = service.spec?.loadBalancerClass
  const name = own === undefined ? undefined : classes[own]
  if (own === undefined || name === undefined) return null
  const mark = { name, why: `its class is ${own}`, refused: null, proof: [cite(service, 'spec', 'loadBalancerClass')] }
  return { ...mark, announcing: name === 'Cilium' ? byLease(evidence, service) : null }
}

/** LB IPAM of Cilium says with a condition whether it could give an address (cilium operator/pkg/lbipam). */
function byCondition(evidence: Evidence, service: Service): OtherSystem | null {
  const at = service.status?.conditions?.findIndex(({ type }) => type === 'cilium.io/IPAMRequestSatisfied') ?? -1
  const condition = service.status?.conditions?.[at]
  if (condition === undefined) return null
  return {
    name: 'Cilium',
    why: `its LB IPAM has set the condition ${condition.type ?? ''}`,
    refused:
      condition.status === 'True'
        ? null
        : (condition.message ?? condition.reason ?? 'for no reason').replace(/\.$/, ''),
    proof: [cite(service, 'status', 'conditions', at)],
    announcing: byLease(evidence, service),
  }
}

/** The node whose agent holds `cilium-l2announce-NAMESPACE-NAME` answers ARP (Cilium documentation, "L2 Announcements: Leases"). */
function byLease(evidence: Evidence, service: Service): OtherSystem['announcing'] {
  const { namespace = '', name = '' } = service.metadata ?? {}
  const lease = findLease(evidence, { name: `cilium-l2announce-${namespace}-${name}`, namespace: null })
  if (isGap(lease) || lease === null) return null
  const holder = holderOf(evidence, lease)
  const overdue = secondsOverdue(evidence, lease)
  if (overdue === null) return null
  const proof = cite(lease, 'spec')
  return holder === null || overdue > 0
    ? { nodes: [], says: `nobody holds the lease ${objectName(lease)}`, proof }
    : { nodes: [holder], says: `${holder} holds the lease ${objectName(lease)}`, proof }
}

/** ServiceLB runs a DaemonSet for each Service, whose pods take the ports of their nodes. */
function byPods(evidence: Evidence, service: Service): OtherSystem | null {
  const [first, ...rest] = servicelbPods(evidence).get(objectName(service)) ?? []
  if (first === undefined) return null
  const running = [first, ...rest].filter(({ status }) => status?.phase === 'Running')
  const nodes = [...new Set(running.flatMap(({ spec }) => spec?.nodeName ?? []))].sort()
  return {
    name: 'k3s ServiceLB',
    why: `it runs ${objectName(first)} for it`,
    refused: null,
    proof: [cite(first, 'metadata', 'labels')],
    announcing: {
      nodes,
      says: nodes.length === 0 ? 'none of its pods runs' : `its pods run on ${inWords(nodes)}`,
      proof: cite(first, 'status', 'phase'),
    },
  }
}

const ofService = { name: 'svccontroller.k3s.cattle.io/svcname', namespace: 'svccontroller.k3s.cattle.io/svcnamespace' }
const servicelbPods = perEvidence((evidence: Evidence): ReadonlyMap<string, readonly Pod[]> =>
  indexBy(known(evidence.kubernetes.pods) ?? [], ({ metadata }) => {
    const { [ofService.name]: name, [ofService.namespace]: namespace = 'default' } = metadata?.labels ?? {}
    return name === undefined ? [] : [`${namespace}/${name}`]
  }),
)

function byFinalizer(service: Service): OtherSystem | null {
  const at = service.metadata?.finalizers?.indexOf('service.k8s.aws/resources') ?? -1
  return at === -1
    ? null
    : {
        name: 'the AWS Load Balancer Controller',
        why: 'it has its finalizer service.k8s.aws/resources',
        refused: null,
        proof: [cite(service, 'metadata', 'finalizers', at)],
        announcing: null,
      }
}

const annotations: Readonly<Record<string, OtherName>> = {
  'lbipam.cilium.io/ips': 'Cilium',
  'io.cilium/lb-ipam-ips': 'Cilium',
  'projectcalico.org/loadBalancerIPs': 'Calico',
}

function byAnnotation(service: Service): OtherSystem | null {
  const key = Object.keys(annotations).find((one) => service.metadata?.annotations?.[one] !== undefined)
  const name = key === undefined ? undefined : annotations[key]
  return key === undefined || name === undefined
    ? null
    : {
        name,
        why: `its annotation ${key} asks it for an address`,
        refused: null,
        proof: [cite(service, 'metadata', 'annotations', key)],
        announcing: null,
      }
}

/** A status with a host name was written by the controller of a cloud: nobody else here writes one. */
function byHostname(service: Service): OtherSystem | null {
  const at = service.status?.loadBalancer?.ingress?.findIndex(({ hostname = '' }) => hostname !== '') ?? -1
  const hostname = service.status?.loadBalancer?.ingress?.[at]?.hostname
  return hostname === undefined
    ? null
    : {
        name: 'a cloud controller',
        why: `its status names ${hostname}`,
        refused: null,
        proof: [cite(service, 'status', 'loadBalancer', 'ingress', at, 'hostname')],
        announcing: null,
      }
}
