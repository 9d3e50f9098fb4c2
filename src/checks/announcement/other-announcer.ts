import { cite, citeList } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { metallbInstalled } from '../../lb/metallb/install.ts'
import { servedByKubeVip } from '../../lb/kube-vip/announcers.ts'
import { boundAnywhere } from '../../lb/kube-vip/bound.ts'
import { kubeVipMark, metallbMark } from '../../lb/marks.ts'
import { servedByOther } from '../../lb/other-systems.ts'
import { otherAnnouncers } from '../../lb/other-announcers.ts'
import { inWords, startOf } from '../../net/words.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, unknown, type Draft } from '../finding.ts'
import { ofItsClass } from '../about/pending.ts'

export default defineCheck({
  id: 'announcement/other-announcer',
  after: 'announcement/several-announcers',
  title: 'Somebody answers for a VIP that neither MetalLB nor kube-vip announces',
  needs: ['kubernetes/services', 'kubernetes/pods'],
  alsoReads: [
    'kubernetes/leases',
    'kubernetes/configmaps',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'node/ip-addr',
    'node/processes',
  ],
  on: ['announcement'],
  appliesTo: (context) => {
    const { evidence, question } = context
    if (question.service === null) return 'A control-plane VIP is kube-vip’s.'
    if (servedByKubeVip(evidence, question)) return 'kube-vip serves this Service.'
    if (servedByOther(evidence, question.service) !== null) return true
    const installed = metallbInstalled(evidence)
    return (!isGap(installed) && !installed) || !ofItsClass(evidence, question) || 'MetalLB serves this Service.'
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
      'Facts, "Coexistence: Others"',
    ],
  },
})

function judged({ evidence, question }: Context): Draft {
  const { vip, service } = question
  if (vip === null || service === null) throw new TypeError('runs for a Service with a VIP')
  const subject = `vip/${vip.text}`
  const other = servedByOther(evidence, service)
  const [bound, ...more] = boundAnywhere(evidence, vip).filter((one) => !/^(?:lo|dummy)/.test(one.interface))
  if (bound !== undefined)
    return pass(
      'bound-on-node',
      subject,
      `${bound.node} has ${vip.text} on ${bound.interface}, so its kernel answers for it${more.length === 0 ? '' : `; so does ${inWords(more.map(({ node }) => node))}`}.`,
      [bound, ...more].slice(0, 4).map(({ proof }) => proof),
    )
  if (other?.announcing != null) {
    const { nodes, says, proof } = other.announcing
    const look = {
      commands: ['kubectl get leases -A', 'kubectl get pods -A -o wide'],
      changes: `Shows what ${other.name} runs, and where.`,
    }
    return nodes.length > 0
      ? pass('taken-in', subject, `${startOf(other.name)} takes in packets for ${vip.text}: ${says}.`, [proof])
      : fail(
          'taken-in-by-nobody',
          subject,
          `${startOf(other.name)} takes in no packet for ${vip.text}: ${says}.`,
          [proof],
          look,
        )
  }
  if (other !== null)
    return unknown(
      'not-in-evidence',
      subject,
      `${startOf(other.name)} serves the Service, since ${other.why}; whether it announces ${vip.text}, and from where, is not in the evidence.`,
      [],
      other.proof,
    )
  const gone = metallbMark(service) === null ? (kubeVipMark(service) === null ? null : 'kube-vip') : 'MetalLB'
  const installed = metallbInstalled(evidence)
  const [candidate] = otherAnnouncers(evidence)
  if (gone !== null && candidate === undefined && !isGap(installed) && !installed)
    return fail(
      'announcer-removed',
      subject,
      `Nothing announces ${vip.text}: ${gone} gave it to the Service and is not installed any more.`,
      [cite(service, 'metadata', 'annotations'), citeList('kubernetes/pods.json', '/items', `no pod of ${gone}`)],
      {
        commands: ['kubectl get daemonsets,deployments -A', 'kubectl get pods -A -o wide'],
        changes: `Shows what is installed. Install ${gone} again, or take the address away: the status of a Service outlives the controller that wrote it.`,
      },
    )
  return unknown(
    'no-known-announcer',
    subject,
    candidate === undefined
      ? `Nothing that is known here announces ${vip.text}: neither MetalLB nor kube-vip serves the Service, and no node that was read has the address on an interface.`
      : `Whether ${candidate.name} announces ${vip.text} is not in the evidence; neither MetalLB nor kube-vip serves the Service.`,
    [],
    candidate === undefined ? [cite(service, 'status', 'loadBalancer')] : [candidate.proof],
  )
}
