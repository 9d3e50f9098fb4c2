import { cite } from '../../evidence/cite.ts'
import { known } from '../../evidence/gap.ts'
import { objectName, type Lease } from '../../evidence/kubernetes.ts'
import { metallbInstalled } from '../../evidence/metallb-install.ts'
import { servedByKubeVip } from '../../lb/kube-vip/announcers.ts'
import { otherAnnouncer } from '../../lb/others.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck } from '../check.ts'
import { pass, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'announcement/other-announcer',
  title: 'MetalLB or kube-vip serves the Service, whose ways are known',
  needs: ['kubernetes/services'],
  alsoReads: [
    'kubernetes/pods',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'kubernetes/leases',
    'kubernetes/nodes',
    'node/ip-addr',
    'node/processes',
  ],
  appliesTo: ({ evidence, question }) => {
    if (question.service === null) return 'kube-vip holds the control plane’s VIP.'
    if (question.vip === null) return 'The Service has no VIP yet.'
    if (otherAnnouncer(evidence, question) !== null || servedByKubeVip(evidence, question)) return true
    return known(metallbInstalled(evidence)) === true || 'It is not known whether MetalLB is installed.'
  },
  blocks: true,
  run: ({ evidence, question, receiving }) => {
    const other = otherAnnouncer(evidence, question)
    if (question.service === null) return []
    const subject = `service/${objectName(question.service)}`
    if (other === null)
      return [
        pass(
          subject,
          `${servedByKubeVip(evidence, question) ? 'kube-vip' : 'MetalLB'} serves Service ${objectName(question.service)}.`,
          [cite(question.service, 'status', 'loadBalancer')],
        ),
      ]
    const from = other.nodes.length === 0 ? '' : `, at ${inWords(other.nodes)}`
    return [
      ...(other.lapsed === undefined ? [] : [lapsed(subject, other.name, other.lapsed)]),
      unknown(
        subject,
        `${other.name} serves Service ${objectName(question.service)} (${other.says})${from}; it is not judged whether ${other.unjudged}.`,
        [],
        other.proof,
        // EC2 delivers by ownership, and from a node or a pod the packet meets the node's own rules first.
        { blocks: question.fabric === 'lan' && receiving.by !== 'client' },
      ),
    ]
  },
  docs: {
    means:
      'Something else than MetalLB and kube-vip serves the Service: Cilium (LB-IPAM, L2 announcements, BGP), kube-router, ServiceLB of k3s, the AWS Load Balancer Controller or a cloud controller, Calico, keepalived, what handles another class, or nothing that is known. It is named by the mark that it leaves. Its own policies, pools and sessions are not read, so whether it announces the VIP is not judged: the rest of the way is, and the answer stays inconclusive where an announcement decides.',
    byHand:
      'Cilium: kubectl -n kube-system get lease | grep cilium-l2announce, kubectl get ciliuml2announcementpolicies,ciliumloadbalancerippools. k3s: kubectl -n kube-system get pods | grep svclb. AWS: aws elbv2 describe-target-health. Calico and kube-router: the sessions of their BGP peers. keepalived: ip address on its nodes, journalctl -u keepalived.',
    mend: 'Nothing is wrong by this alone. Look at that system’s own status with the commands above.',
    sources: [
      'Cilium documentation, "LoadBalancer IP Address Management", "L2 Announcements / L2 Aware LB"',
      'K3s documentation, "Networking Services: Service Load Balancer"',
      'AWS Load Balancer Controller documentation, "Network Load Balancer"',
      'kube-router documentation, "LoadBalancer allocator"; Calico documentation, "LoadBalancer IP address management"',
    ],
  },
})

const lapsed = (subject: string, name: string, lease: Lease): Draft =>
  warn(
    subject,
    `${name} announces by the lease ${objectName(lease)}, which nobody holds or which ran out: no node announces by ARP or NDP then.`,
    [cite(lease, 'spec')],
    {
      blocks: false,
      fix: {
        commands: [
          `kubectl -n ${lease.metadata?.namespace ?? 'kube-system'} get lease ${lease.metadata?.name ?? ''} -o yaml`,
        ],
        changes: 'Shows who holds the lease and when it was renewed.',
      },
    },
  )
