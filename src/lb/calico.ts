import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, known } from '../evidence/gap.ts'
import { kubernetesFile } from '../evidence/kubernetes/kinds.ts'
import { type Question, serviceOf } from '../evidence/question.ts'
import type { Address } from '../net/address.ts'
import { parseCidr, parseCidrOrAddress, rangeHas } from '../net/range.ts'
import { noWords, type Announcer, type Announcing } from './announcer.ts'
import { byAddress } from './by-address.ts'
import { markOn } from './by-marks.ts'
import { metallbPods } from './metallb/install.ts'

const marks = { classes: ['calico'], annotations: ['projectcalico.org/loadBalancerIPs'] }

/**
 * Calico: BIRD tells routers the ranges of `serviceLoadBalancerIPs`, whoever gave the addresses. MetalLB's controller without speakers
 * beside it is a usual set-up (Calico documentation, "Advertise Kubernetes service IP addresses").
 */
export const calico: Announcer<'Calico'> = {
  name: 'Calico',
  serves: (evidence, question) => {
    if (question.about !== 'service') return null
    const marked = markOn(question.service, marks)
    if (marked !== null) return marked
    const told = question.vip === null || metallbSpeaks(evidence) ? null : announcedRange(evidence, question.vip)
    return told === null ? null : { by: 'mark', why: told.says, proof: [told.proof], onlyAnnounces: true }
  },
  refuses: () => null,
  announces,
  judged: false,
  words: {
    ...noWords,
    sessions: {
      look: ['kubectl get pods -A -l k8s-app=calico-node -o wide', 'kubectl get caliconodestatuses -o yaml'],
      advice:
        'calicoctl node status on a node shows whether its sessions are established; the router shows whether it has learned the route.',
    },
  },
}

/** Whether MetalLB announces by itself: where its pods were not read it may. */
const metallbSpeaks = (evidence: Evidence): boolean => known(metallbPods(evidence, 'speaker'))?.length !== 0

/** What says that Calico announces an address: its BGPConfiguration, else the blackhole route that BIRD keeps for the range on every node. */
function announcedRange(evidence: Evidence, vip: Address): { readonly says: string; readonly proof: Proof } | null {
  for (const configuration of known(evidence.kubernetes.calicobgpconfigurations) ?? [])
    for (const [index, { cidr }] of (configuration.spec?.serviceLoadBalancerIPs ?? []).entries()) {
      const range = parseCidrOrAddress(cidr)
      if (range === null || !rangeHas(range, vip)) continue
      return {
        says: `BGPConfiguration ${configuration.metadata?.name ?? ''} announces ${cidr ?? ''}`,
        proof: cite(configuration, 'spec', 'serviceLoadBalancerIPs', index, 'cidr'),
      }
    }
  // Every node has the same: the first ones that were read tell as much as all.
  for (const node of evidence.nodeNames.slice(0, 4)) {
    const route = (known(evidence.node(node).ipRoute) ?? []).find(({ type, protocol, dst }) => {
      const range = type === 'blackhole' && protocol === 'bird' ? parseCidr(dst) : null
      return range !== null && rangeHas(range, vip)
    })
    if (route !== undefined)
      return { says: `BIRD on ${node} keeps a blackhole route for ${route.dst ?? ''}`, proof: cite(route) }
  }
  return null
}

/** With Cluster every node tells the whole range, with Local those that have a ready endpoint. Sessions stand in no object that is read. */
function announces(evidence: Evidence, question: Question): Announcing {
  const { pods, endpointslices, calicobgppeers } = evidence.kubernetes
  const agents = (known(pods) ?? []).flatMap(({ spec, status }) =>
    status?.phase === 'Running' && (spec?.containers ?? []).some(({ image = '' }) => /\bcalico\/node\b/.test(image))
      ? (spec?.nodeName ?? [])
      : [],
  )
  const service = serviceOf(question)
  const local = service?.spec?.externalTrafficPolicy === 'Local'
  const behind = (known(endpointslices) ?? []).flatMap(({ metadata, endpoints }) =>
    metadata?.namespace === service?.metadata?.namespace &&
    metadata?.labels?.['kubernetes.io/service-name'] === service?.metadata?.name
      ? (endpoints ?? []).flatMap(({ nodeName, conditions }) => ((conditions?.ready ?? true) ? (nodeName ?? []) : []))
      : [],
  )
  const nodes = [...new Set(agents)].filter((node) => !local || behind.includes(node)).sort()
  const alone = known(calicobgppeers)?.length === 0
  const own = byAddress(evidence, question)
  const bound = known(own.observed) ?? []
  return {
    ...own,
    observed:
      bound.length > 0 || alone
        ? bound
        : gap(kubernetesFile('calicobgppeers'), 'names Calico’s peers, and not whether their sessions are up'),
    byBgp: alone ? [] : nodes,
    told: alone
      ? {
          says: 'there is no BGPPeer, so that its nodes tell the range to each other alone',
          proof: { file: kubernetesFile('calicobgppeers'), pointer: '/items', value: 'empty' },
        }
      : null,
  }
}
