import { cite } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known } from '../evidence/gap.ts'
import { objectName, type Service } from '../evidence/kubernetes/kinds.ts'
import { noWords, type Announcer, type Announcing } from './announcer.ts'
import { byAddress } from './by-address.ts'
import { markOn } from './by-marks.ts'
import { findLease, holderOf, secondsOverdue } from './kube-vip/leases.ts'

const marks = {
  classes: ['io.cilium/l2-announcer', 'io.cilium/bgp-control-plane'],
  annotations: ['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips'],
}

/** Cilium: LB IPAM gives addresses, L2 announcements and the BGP control plane announce them. */
export const cilium: Announcer<'Cilium'> = {
  name: 'Cilium',
  serves: (_, question) => {
    if (question.about !== 'service') return null
    const condition = conditionOf(question.service)
    if (condition === null) return markOn(question.service, marks)
    return { by: 'mark', why: `its LB IPAM has set the condition ${ipam}`, proof: [condition.proof] }
  },
  refuses: (_, question) => {
    const condition = question.about === 'service' ? conditionOf(question.service) : null
    if (question.about !== 'service' || condition === null || condition.status === 'True') return null
    const why = (condition.message ?? condition.reason ?? 'for no reason').replace(/\.$/, '')
    return `Cilium has no address for Service ${objectName(question.service)}: ${why}.`
  },
  announces: (evidence, question) => {
    const told = question.about === 'service' ? byLease(evidence, question.service) : null
    return { ...byAddress(evidence, question), ...told }
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
  },
}

/** Keys of ConfigMap cilium-config that let its agents announce. */
const announcing = ['enable-l2-announcements', 'enable-bgp-control-plane']

/** With this condition LB IPAM says whether it could give an address (cilium operator/pkg/lbipam). */
const ipam = 'cilium.io/IPAMRequestSatisfied'

function conditionOf(service: Service) {
  const at = service.status?.conditions?.findIndex(({ type }) => type === ipam) ?? -1
  const condition = service.status?.conditions?.[at]
  return condition === undefined ? null : { ...condition, proof: cite(service, 'status', 'conditions', at) }
}

/** The node whose agent holds `cilium-l2announce-NAMESPACE-NAME` answers ARP (Cilium documentation, "L2 Announcements: Leases"). */
function byLease(evidence: Evidence, service: Service): Pick<Announcing, 'observed' | 'told'> | null {
  const { namespace = '', name = '' } = service.metadata ?? {}
  const lease = findLease(evidence, { name: `cilium-l2announce-${namespace}-${name}`, namespace: null })
  if (isGap(lease) || lease === null) return null
  const holder = holderOf(evidence, lease)
  const overdue = secondsOverdue(evidence, lease)
  if (overdue === null) return null
  const proof = cite(lease, 'spec')
  return holder === null || overdue > 0
    ? { observed: [], told: { says: `nobody holds the lease ${objectName(lease)}`, proof } }
    : { observed: [holder], told: { says: `${holder} holds the lease ${objectName(lease)}`, proof } }
}
