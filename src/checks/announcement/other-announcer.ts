import { cite, citeList } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { metallbInstalled } from '../../lb/metallb/install.ts'
import { announcing, candidates, servedBy } from '../../lb/announcers.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { kubeVipMark, metallbMark } from '../../lb/marks.ts'
import { inWords, startOf } from '../../net/words.ts'
import { defineCheck, type ServiceContext } from '../check.ts'
import { fail, pass, said, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'announcement/other-announcer',
  after: 'announcement/several-announcers',
  title: 'Somebody answers for a VIP that neither MetalLB nor kube-vip announces',
  needs: ['kubernetes/services', 'kubernetes/pods'],
  alsoReads: [
    'kubernetes/leases',
    'kubernetes/calicobgpconfigurations',
    'kubernetes/calicobgppeers',
    'kubernetes/ciliuml2announcementpolicies',
    'kubernetes/ciliumloadbalancerippools',
    'kubernetes/ciliumbgpadvertisements',
    'kubernetes/ciliumbgpnodeconfigs',
    'kubernetes/ciliumbgpclusterconfigs',
    'kubernetes/ciliumbgppeerconfigs',
    'kubernetes/ciliumbgppeeringpolicies',
    'kubernetes/nodes',
    'node/ip-link',
    'kubernetes/endpointslices',
    'node/ip-route',
    'kubernetes/configmaps',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'node/ip-addr',
    'node/processes',
  ],
  on: ['announcement'],
  about: ['service'],
  appliesTo: ({ evidence, question }) => {
    const own = judgedAnnouncer(evidence, question)
    return own === null || `${own} serves this Service.`
  },
  blocks: true,
  run: (context) => [judged(context)],
  docs: {
    means:
      'On a LAN a VIP works only if some host answers ARP (or NDP) for it, or routers know a way. The Service belongs to another controller than MetalLB and kube-vip, or to none that is left. Of those, the lease of Cilium’s L2 announcements and the pods of k3s ServiceLB say which nodes take the packets in, and an address on a node’s interface is answered for by its kernel; how the others announce is not in the evidence.',
    byHand:
      'arping -I IFACE VIP from another host of the segment: who answers? Cilium: kubectl -n kube-system get leases | grep l2announce. ServiceLB: kubectl -n kube-system get pods -l svccontroller.k3s.cattle.io/svcname=NAME -o wide. On the nodes: ip address | grep VIP.',
    mend: 'Install MetalLB or kube-vip again where it gave the address and is gone; otherwise see the documentation of the controller that is named.',
    sources: [
      'Cilium documentation, "L2 Announcements" (leases), "LoadBalancer IP Address Management"',
      'k3s documentation, "Networking Services: Service Load Balancer"',
      'kube-router documentation, "Load Balancer allocator"',
      'cilium/cilium issues 38223 and 48799',
    ],
  },
})

/** The announcer whose own checks judge the question; null where it belongs to another, or to one that leaves it alone. */
function judgedAnnouncer(evidence: Evidence, question: Question): string | null {
  const own = servedBy(evidence, question)?.announcer
  return own?.judged === true && own.refuses(evidence, question) === null ? own.name : null
}

function judged({ evidence, question }: ServiceContext): Draft {
  const { vip, service } = question
  const subject = `vip/${vip.text}`
  const own = servedBy(evidence, question)
  const other = own?.announcer.judged === false ? own : null
  const [bound, ...more] = boundAnywhere(evidence, vip).filter((one) => !/^(?:lo|dummy)/.test(one.interface))
  if (bound !== undefined)
    return pass(
      'bound-on-node',
      subject,
      said(
        `${bound.node} has it on ${bound.interface}`,
        `${bound.node} has ${vip.text} on ${bound.interface}, so its kernel answers for it${more.length === 0 ? '' : `; so does ${inWords(more.map(({ node }) => node))}`}.`,
      ),
      [bound, ...more].slice(0, 4).map(({ proof }) => proof),
    )
  const { told, observed } = announcing(evidence, question)
  if (other !== null && told !== null) {
    const { says, proof, unread = [] } = told
    if (unread.length > 0)
      return unknown(
        'interface-not-known',
        subject,
        said(
          'on which interface is not known',
          `${startOf(other.announcer.name)} takes in packets for ${vip.text} if it may announce on an interface of that node: ${says}.`,
        ),
        unread,
        [proof],
      )
    const look = {
      look: ['kubectl get leases -A', 'kubectl get pods -A -o wide'],
    }
    return known(observed)?.length !== 0
      ? pass(
          'taken-in',
          subject,
          said(
            `${other.announcer.name} takes in its packets`,
            `${startOf(other.announcer.name)} takes in packets for ${vip.text}: ${says}.`,
          ),
          [proof],
        )
      : fail(
          'taken-in-by-nobody',
          subject,
          said(
            `${other.announcer.name} takes in no packet for it`,
            `${startOf(other.announcer.name)} takes in no packet for ${vip.text}: ${says}.`,
          ),
          [proof],
          other.announcer.words.sessions ?? look,
        )
  }
  if (other !== null)
    return unknown(
      'not-in-evidence',
      subject,
      said(
        'whether it is announced is not known',
        `${startOf(other.announcer.name)} serves the Service, since ${other.why}; whether it announces ${vip.text}, and from where, is not in the evidence.`,
      ),
      [],
      other.proof,
      other.announcer.words.sessions === null ? {} : { fix: other.announcer.words.sessions },
    )
  const gone = metallbMark(service) === null ? (kubeVipMark(service) === null ? null : 'kube-vip') : 'MetalLB'
  const installed = metallbInstalled(evidence)
  const [candidate] = candidates(evidence)
  if (gone !== null && candidate === undefined && !isGap(installed) && !installed)
    return fail(
      'announcer-removed',
      subject,
      said(
        `${gone} gave it and is installed no more`,
        `Nothing announces ${vip.text}: ${gone} gave it to the Service and is not installed any more.`,
      ),
      [cite(service, 'metadata', 'annotations'), citeList('kubernetes/pods.json', '/items', `no pod of ${gone}`)],
      {
        look: ['kubectl get daemonsets,deployments -A', 'kubectl get pods -A -o wide'],
        advice: `Install ${gone} again, or take the address away: the status of a Service outlives the controller that wrote it.`,
      },
    )
  return unknown(
    'no-known-announcer',
    subject,
    said(
      candidate === undefined ? 'nothing known here announces it' : 'whether it is announced is not known',
      candidate === undefined
        ? `Nothing that is known here announces ${vip.text}: neither MetalLB nor kube-vip serves the Service, and no node that was read has the address on an interface.`
        : `Whether ${candidate.name} announces ${vip.text} is not in the evidence; neither MetalLB nor kube-vip serves the Service.`,
    ),
    [],
    candidate === undefined ? [cite(service, 'status', 'loadBalancer')] : [candidate.proof],
  )
}
