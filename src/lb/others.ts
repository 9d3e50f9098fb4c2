import { cite, citeLine, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { objectName, type Lease, type Service } from '../evidence/kubernetes.ts'
import { metallbInstalled, metallbSettings } from '../evidence/metallb-install.ts'
import { perEvidence, perEvidenceAnd } from '../evidence/memo.ts'
import { nodeFile } from '../evidence/node.ts'
import type { Question } from '../evidence/question.ts'
import { parseAddress, sameAddress } from '../net/address.ts'
import { inWords } from '../net/words.ts'
import { metallbMark, podsServing, servedByKubeVip } from './kube-vip/announcers.ts'
import { boundAnywhere } from './kube-vip/bound.ts'
import { secondsOverdue } from './kube-vip/leases.ts'
import { nodeNamed } from './kube-vip/nodes.ts'

/** Something else than MetalLB and kube-vip that gives a Service its address or announces it. This program knows it, and not its ways. */
export interface OtherAnnouncer {
  readonly name: string
  /** How it is known: a phrase that begins with "its" or names an object. */
  readonly says: string
  readonly proof: readonly Proof[]
  /** The nodes that are seen to announce the VIP, or to have it on an interface; empty where none is. */
  readonly nodes: readonly string[]
  /** What decides and is in no evidence: a phrase that completes "it is not judged whether …". */
  readonly unjudged: string
  /** The lease by which it announces, where that ran out or nobody holds it. */
  readonly lapsed?: Lease
}

/**
 * What serves the question's Service where neither MetalLB nor kube-vip does; null for a Service of theirs, or of nobody. A Service on which
 * MetalLB left its mark is MetalLB's: that something else serves it too is a clash, and `marksOfOthers` shows it.
 */
export const otherAnnouncer = perEvidenceAnd((evidence: Evidence, question: Question): OtherAnnouncer | null => {
  const { service } = question
  if (service === null || metallbMark(service) !== null || servedByKubeVip(evidence, question)) return null
  const [marked] = marksOfOthers(evidence, question)
  if (marked !== undefined) return marked
  const metallb = metallbInstalled(evidence)
  if (question.vip === null || isGap(metallb)) return null
  const ofClass = ofForeignClass(evidence, service, metallb)
  if (ofClass !== null) return ofClass
  return metallb ? null : ofNobodyKnown(evidence, question, service)
})

/** Everything besides MetalLB and kube-vip that left a mark on the Service or made an object for it. */
export function marksOfOthers(evidence: Evidence, question: Question): readonly OtherAnnouncer[] {
  const { service } = question
  const ofService =
    service === null
      ? []
      : [cilium(evidence, service), serviceLb(evidence, service), aws(service), kubeRouter(service), calico(service)]
  return [...ofService, keepalived(evidence, question)].flatMap((one) => one ?? [])
}

const ciliumLeases = perEvidence(
  (evidence: Evidence): ReadonlyMap<string, Lease> =>
    new Map(
      (known(evidence.kubernetes.leases) ?? [])
        .filter(({ metadata }) => metadata?.name?.startsWith('cilium-l2announce-'))
        .map((lease) => [lease.metadata?.name ?? '', lease]),
    ),
)

/** Cilium's LB-IPAM writes a condition, and its L2 announcements hold a lease for each Service (Cilium documentation, "LB IPAM", "L2 Announcements"). */
function cilium(evidence: Evidence, service: Service): OtherAnnouncer | null {
  const { namespace = 'default', name = '' } = service.metadata ?? {}
  const lease = ciliumLeases(evidence).get(`cilium-l2announce-${namespace}-${name}`)
  const at = service.status?.conditions?.findIndex(({ type }) => type === 'cilium.io/IPAMRequestSatisfied') ?? -1
  const own = service.spec?.loadBalancerClass ?? ''
  const found = [
    ...(own.startsWith('io.cilium/')
      ? [{ says: `its class is ${own}`, proof: cite(service, 'spec', 'loadBalancerClass') }]
      : []),
    ...(at === -1
      ? []
      : [{ says: 'its condition cilium.io/IPAMRequestSatisfied', proof: cite(service, 'status', 'conditions', at) }]),
    ...(lease === undefined
      ? []
      : [{ says: `the lease ${objectName(lease)}`, proof: cite(lease, 'spec', 'holderIdentity') }]),
  ]
  const [first] = found
  if (first === undefined) return null
  const holder =
    lease === undefined || (secondsOverdue(evidence, lease) ?? 0) > 0 ? '' : (lease.spec?.holderIdentity ?? '')
  return {
    name: 'Cilium',
    says: first.says,
    proof: found.map(({ proof }) => proof),
    nodes: holder === '' ? [] : [nodeNamed(evidence, holder)?.metadata?.name ?? holder],
    unjudged: 'its L2 announcement policies or BGP advertisements cover the Service',
    ...(lease !== undefined && holder === '' ? { lapsed: lease } : {}),
  }
}

const svclbs = perEvidence((evidence: Evidence) =>
  (known(evidence.kubernetes.daemonsets) ?? []).filter(({ metadata }) => metadata?.name?.startsWith('svclb-')),
)

/** k3s runs a DaemonSet `svclb-…` for each Service and lists its nodes' addresses as the Service's (k3s documentation, "Service Load Balancer"). */
function serviceLb(evidence: Evidence, service: Service): OtherAnnouncer | null {
  const { namespace = 'default', name = '' } = service.metadata ?? {}
  const finalizer = service.metadata?.finalizers?.indexOf('svccontroller.k3s.cattle.io/daemonset') ?? -1
  const daemonSet = svclbs(evidence).find(({ metadata }) => {
    const labels = metadata?.labels ?? {}
    const [svcName, svcNamespace] = ['svcname', 'svcnamespace'].map(
      (key) => labels[`svccontroller.k3s.cattle.io/${key}`],
    )
    return svcName === undefined
      ? (metadata?.name ?? '').startsWith(`svclb-${name}-`)
      : svcName === name && svcNamespace === namespace
  })
  if (finalizer === -1 && daemonSet === undefined) return null
  const addresses = (service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => parseAddress(ip))
  return {
    name: 'k3s ServiceLB',
    says:
      daemonSet === undefined
        ? 'its finalizer svccontroller.k3s.cattle.io/daemonset'
        : `the DaemonSet ${objectName(daemonSet)}`,
    proof:
      daemonSet === undefined
        ? [cite(service, 'metadata', 'finalizers', finalizer)]
        : [cite(daemonSet, 'metadata', 'name')],
    nodes: (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata, status }) =>
      (status?.addresses ?? []).some(({ address }) => addresses.some((one) => sameAddress(one, parseAddress(address))))
        ? (metadata?.name ?? [])
        : [],
    ),
    unjudged: 'the host ports of its svclb pods take the packet',
  }
}

/** The controllers of AWS name themselves by class and finalizer, and a load balancer by its host name (AWS Load Balancer Controller documentation). */
function aws(service: Service): OtherAnnouncer | null {
  const own = service.spec?.loadBalancerClass ?? ''
  const ingress = service.status?.loadBalancer?.ingress ?? []
  const at = ingress.findIndex(({ hostname = '' }) => /\.elb\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?$/.test(hostname))
  const finalizers = service.metadata?.finalizers ?? []
  const ofController = finalizers.indexOf('service.k8s.aws/resources')
  const ofCloud = finalizers.indexOf('service.kubernetes.io/load-balancer-cleanup')
  const byClass = ['service.k8s.aws/nlb', 'eks.amazonaws.com/nlb'].includes(own)
  const unjudged = 'its load balancer, the target group and their security groups let the packet through'
  const hostname = ingress[at]?.hostname
  const balancer = hostname === undefined ? '' : `, whose load balancer is ${hostname}`
  const more = at === -1 ? [] : [cite(service, 'status', 'loadBalancer', 'ingress', at, 'hostname')]
  if (byClass || ofController !== -1)
    return {
      name: own === 'eks.amazonaws.com/nlb' ? 'EKS Auto Mode' : 'The AWS Load Balancer Controller',
      says: byClass ? `its class is ${own}${balancer}` : `its finalizer service.k8s.aws/resources${balancer}`,
      proof: [
        byClass ? cite(service, 'spec', 'loadBalancerClass') : cite(service, 'metadata', 'finalizers', ofController),
        ...more,
      ],
      nodes: [],
      unjudged,
    }
  if (ofCloud !== -1)
    return {
      name: at === -1 ? 'A cloud controller' : 'The cloud controller of AWS',
      says: `its finalizer service.kubernetes.io/load-balancer-cleanup${balancer}`,
      proof: [cite(service, 'metadata', 'finalizers', ofCloud), ...more],
      nodes: [],
      unjudged: at === -1 ? 'the cloud’s load balancer lets the packet through' : unjudged,
    }
  return at === -1
    ? null
    : {
        name: 'A controller of AWS load balancers',
        says: `its load balancer is ${hostname ?? ''}`,
        proof: more,
        nodes: [],
        unjudged,
      }
}

function kubeRouter(service: Service): OtherAnnouncer | null {
  return service.spec?.loadBalancerClass !== 'kube-router'
    ? null
    : {
        name: 'kube-router',
        says: 'its class is kube-router',
        proof: [cite(service, 'spec', 'loadBalancerClass')],
        nodes: [],
        unjudged: 'kube-router advertises the VIP and its BGP peers take it',
      }
}

/** Calico's LoadBalancer controller (since 3.30) takes the class `calico` or Services that name its pools (Calico documentation, "Services and IPAM"). */
function calico(service: Service): OtherAnnouncer | null {
  const key = ['projectcalico.org/ipv4pools', 'projectcalico.org/ipv6pools', 'projectcalico.org/loadBalancerIPs'].find(
    (one) => service.metadata?.annotations?.[one] !== undefined,
  )
  const byClass = service.spec?.loadBalancerClass === 'calico'
  return key === undefined && !byClass
    ? null
    : {
        name: 'Calico',
        says: byClass ? 'its class is calico' : `its annotation ${key ?? ''}`,
        proof: [
          byClass ? cite(service, 'spec', 'loadBalancerClass') : cite(service, 'metadata', 'annotations', key ?? ''),
        ],
        nodes: [],
        unjudged: 'Calico advertises the VIP (serviceLoadBalancerIPs) and its BGP peers take it',
      }
}

/** keepalived puts the VIP on an interface of its master and runs as a process there. Where kube-vip serves the VIP, its own nodes do not count. */
function keepalived(evidence: Evidence, question: Question): OtherAnnouncer | null {
  const { vip } = question
  const ofKubeVip = new Set(podsServing(evidence, question).flatMap(({ node }) => node ?? []))
  const bound = vip === null ? [] : boundAnywhere(evidence, vip).filter(({ node }) => !ofKubeVip.has(node))
  const found = bound.flatMap((one) => {
    const file = known(evidence.node(one.node).processes)
    const line = file?.lines.findIndex((text) => /^\s*\d+\s+(?:\S*\/)?keepalived(?:\s|$)/.test(text)) ?? -1
    return file === null || line === -1
      ? []
      : [{ ...one, process: citeLine(nodeFile(one.node, 'processes'), line + 1, file.lines[line] ?? '') }]
  })
  const [first] = found
  return first === undefined
    ? null
    : {
        name: 'keepalived',
        says: `${first.node} runs keepalived and has the VIP on ${first.interface}`,
        proof: found.flatMap(({ proof, process }) => [proof, process]),
        nodes: [...new Set(found.map(({ node }) => node))],
        unjudged: 'keepalived, whose configuration is not read, keeps the VIP there',
      }
}

/** A class that neither MetalLB nor kube-vip handles. */
function ofForeignClass(evidence: Evidence, service: Service, metallb: boolean): OtherAnnouncer | null {
  const own = service.spec?.loadBalancerClass
  if (own === undefined || (metallb && own === metallbSettings(evidence).lbClass)) return null
  return {
    name: `What handles the class ${own}`,
    says: `its class is ${own}`,
    proof: [cite(service, 'spec', 'loadBalancerClass')],
    nodes: [],
    unjudged: 'it announces the VIP',
  }
}

const agents: readonly (readonly [name: string, image: RegExp])[] = [
  ['Cilium', /\bcilium\/cilium\b|cilium-ci/],
  ['kube-router', /kube-router/],
  ['Calico', /\/calico\/node\b|calico-node/],
  ['keepalived', /keepalived/],
]

const agentsIn = perEvidence((evidence: Evidence): readonly string[] => {
  const images = (known(evidence.kubernetes.pods) ?? []).flatMap(({ spec }) =>
    (spec?.containers ?? []).map(({ image = '' }) => image),
  )
  return agents.flatMap(([name, image]) => (images.some((one) => image.test(one)) ? [name] : []))
})

/** A VIP in a cluster with neither MetalLB nor kube-vip for Services: whoever has it on an interface answers, and some agents may announce it. */
function ofNobodyKnown(evidence: Evidence, { vip }: Question, service: Service): OtherAnnouncer {
  const bound = vip === null ? [] : boundAnywhere(evidence, vip)
  const may = agentsIn(evidence)
  return {
    name: 'Something else than MetalLB and kube-vip',
    says:
      may.length === 0
        ? 'neither of them is there to serve it'
        : `neither of them is there to serve it, and ${inWords(may)} may be it`,
    proof: [cite(service, 'status', 'loadBalancer'), ...bound.map(({ proof }) => proof)],
    nodes: [...new Set(bound.map(({ node }) => node))],
    unjudged: 'anything announces the VIP',
  }
}
