import { cite } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, known } from '../evidence/gap.ts'
import { kubernetesFile, objectName, type Service } from '../evidence/kubernetes/kinds.ts'
import type { Address } from '../net/address.ts'
import { parseRange, rangeHas } from '../net/range.ts'
import { noWords, type Announcer, type Serving } from './announcer.ts'
import { byAddress } from './by-address.ts'
import { markOn } from './by-marks.ts'
import { byL2, choosesService } from './cilium-announcements.ts'
import { byCiliumBgp } from './cilium-bgp.ts'
import { metallbMark } from './marks.ts'

const marks = {
  classes: ['io.cilium/l2-announcer', 'io.cilium/bgp-control-plane'],
  annotations: ['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips'],
}

/** Cilium: LB IPAM gives addresses, L2 announcements and the BGP control plane announce them. */
export const cilium: Announcer<'Cilium'> = {
  name: 'Cilium',
  serves: (evidence, question) => {
    if (question.about !== 'service') return null
    const condition = conditionOf(question.service)
    if (condition === null) return markOn(question.service, marks) ?? byPool(evidence, question.service, question.vip)
    return { by: 'mark', why: `its LB IPAM has set the condition ${ipam}`, proof: [condition.proof] }
  },
  refuses: (_, question) => {
    const condition = question.about === 'service' ? conditionOf(question.service) : null
    if (question.about !== 'service' || condition === null || condition.status === 'True') return null
    const why = (condition.message ?? condition.reason ?? 'for no reason').replace(/\.$/, '')
    return `Cilium has no address for Service ${objectName(question.service)}: ${why}.`
  },
  announces: (evidence, question) => {
    const own = byAddress(evidence, question)
    if (question.about !== 'service') return own
    const bgp = byCiliumBgp(evidence, question)
    const l2 = byL2(evidence, question.service)
    const [best] = [bgp.told, l2]
      .flatMap((one) => one ?? [])
      .toSorted((one, other) => other.nodes.length - one.nodes.length)
    // Who says that nobody answers by ARP says nothing of routers that may know a way, unless the class leaves the Service to ARP alone.
    const byArpAlone = question.service.spec?.loadBalancerClass === 'io.cilium/l2-announcer'
    if (best === undefined || (best.nodes.length === 0 && bgp.open && !byArpAlone))
      return bgp.nodes.length === 0 ? own : { ...own, observed: sessionsUnread, byBgp: bgp.nodes }
    const neither = best.nodes.length === 0 && bgp.unchosen ? ', and no object of its BGP control plane does' : ''
    return { ...own, observed: best.nodes, byBgp: bgp.nodes, told: { ...best, says: `${best.says}${neither}` } }
  },
  mayAnnounce: ({ kubernetes: { configmaps } }) =>
    (known(configmaps) ?? []).flatMap((map) => {
      const key = map.metadata?.name === 'cilium-config' && announcing.find((one) => map.data?.[one] === 'true')
      return typeof key === 'string' ? [{ name: 'Cilium', proof: cite(map, 'data', key) }] : []
    }),
  judged: false,
  words: {
    ...noWords,
    pools: {
      look: ['kubectl get ciliumloadbalancerippools'],
      advice: 'One of the pools of LB IPAM has to match the Service and to have a free address.',
    },
    sessions: {
      look: [
        'kubectl get ciliuml2announcementpolicies,ciliumbgpadvertisements,ciliumbgppeerconfigs,ciliumbgpclusterconfigs,ciliumbgpnodeconfigs -o yaml',
        'cilium bgp peers',
        'kubectl -n kube-system get leases',
      ],
      advice:
        'The lease cilium-l2announce-NAMESPACE-NAME names the node that answers ARP; cilium bgp peers shows the sessions.',
    },
  },
}

const sessionsUnread = gap(
  kubernetesFile('ciliumbgppeeringpolicies'),
  'names the peers of Cilium, and not whether their sessions are up',
)

/** Keys of ConfigMap cilium-config that let its agents announce. */
const announcing = ['enable-l2-announcements', 'enable-bgp-control-plane']

/** With this condition LB IPAM says whether it could give an address (cilium operator/pkg/lbipam). */
const ipam = 'cilium.io/IPAMRequestSatisfied'

function conditionOf(service: Service) {
  const at = service.status?.conditions?.findIndex(({ type }) => type === ipam) ?? -1
  const condition = service.status?.conditions?.[at]
  return condition === undefined ? null : { ...condition, proof: cite(service, 'status', 'conditions', at) }
}

/** The pool of LB IPAM that holds the address; a Service that MetalLB marked is none of its own. */
function byPool({ kubernetes }: Evidence, service: Service, vip: Address | null): Serving | null {
  if (vip === null || metallbMark(service) !== null) return null
  const pool = (known(kubernetes.ciliumloadbalancerippools) ?? []).find(
    ({ spec }) =>
      spec?.disabled !== true &&
      choosesService(spec?.serviceSelector, service) &&
      (spec?.blocks ?? []).some((block) => {
        const range = parseRange(block.cidr ?? `${block.start ?? ''}-${block.stop ?? block.start ?? ''}`)
        return range !== null && rangeHas(range, vip)
      }),
  )
  return pool === undefined
    ? null
    : {
        by: 'mark',
        why: `CiliumLoadBalancerIPPool ${pool.metadata?.name ?? ''} holds its address`,
        proof: [cite(pool, 'spec', 'blocks')],
      }
}
