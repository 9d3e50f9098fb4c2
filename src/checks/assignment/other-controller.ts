import { cite } from '../../evidence/cite.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { kubeVipMark, metallbMark } from '../../lb/marks.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { ServiceQuestion } from '../../evidence/question.ts'
import { claims, type Served } from '../../lb/announcers.ts'
import { sh } from '../../net/shell.ts'
import { inWords, startOf } from '../../net/words.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, skipped, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'assignment/other-controller',
  after: 'assignment/vip-assigned',
  title: 'No other load-balancer controller takes part in the Service',
  needs: ['kubernetes/services', 'kubernetes/pods'],
  alsoReads: [
    'kubernetes/leases',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'kubernetes/nodes',
    'kubernetes/ipaddresspools',
  ],
  about: ['service'],
  blocks: false,
  run: ({ evidence, question }) => {
    const { service } = question
    const name = objectName(service)
    const subject = `service/${name}`
    const other = claims(evidence, question).find(({ announcer }) => !announcer.judged)
    if (other === undefined)
      return [skipped('no-mark', subject, `No controller but MetalLB and kube-vip has left a mark on Service ${name}.`)]
    const replaced = addressReplaced(evidence, question, other)
    if (replaced !== null) return [replaced]
    const own = metallbMark(service) ?? kubeVipMark(service)
    if (own === null || other.onlyAnnounces === true)
      return [
        pass(
          'other-serves',
          subject,
          said(
            `${other.announcer.name} serves it`,
            `${startOf(other.announcer.name)} ${own === null ? 'serves' : 'announces the address that another gave to'} Service ${name}: ${other.why}.`,
          ),
          other.proof,
        ),
      ]
    const { off } = other.announcer.words
    const system = metallbMark(service) === null ? 'kube-vip' : 'MetalLB'
    const { namespace = 'default', name: plain = '' } = service.metadata ?? {}
    return [
      warn(
        'two-serve',
        subject,
        said(
          'two controllers serve the Service',
          `${system} and ${other.announcer.name} both serve Service ${name}: it has the annotation ${own}, and ${other.why}. Each writes its own status over the other's.`,
        ),
        [cite(service, 'metadata', 'annotations', own), ...other.proof],
        {
          fix: {
            look: [sh`kubectl -n ${namespace} get service ${plain} -o yaml`, ...(off === null ? [] : [off.look])],
            advice: `Leave the Service to one of the two: with a loadBalancerClass that only one handles${off?.says ?? ''}.`,
          },
        },
      ),
    ]
  },
  docs: {
    means:
      'Another controller of load balancers serves the Service: Cilium, k3s ServiceLB, kube-router, Calico, the AWS Load Balancer Controller, or that of a cloud. Alone it is the one to ask. Beside MetalLB or kube-vip each takes back what the other wrote: the address of the Service changes again and again.',
    byHand:
      'kubectl get service NAME -o yaml: spec.loadBalancerClass, metadata.finalizers, status.conditions, a hostname in status.loadBalancer. kubectl get daemonsets -A | grep svclb.',
    mend: 'Give each controller a class of its own, or switch one of them off: k3s with --disable=servicelb, Cilium without a CiliumLoadBalancerIPPool that matches the Service.',
    sources: [
      'Kubernetes documentation, "Service: Specifying class of load balancer implementation"',
      'MetalLB pull request 457 (a maintainer: MetalLB shares no Service)',
      'k3s issues 269 and 1003; MetalLB documentation, "Issues with K3s"',
      'Cilium documentation, "LoadBalancer IP Address Management"; AWS Load Balancer Controller guide, "Network Load Balancer"',
    ],
  },
})

/**
 * The address that was asked for is not the Service's, because another controller wrote its own over it. Null where the Service has no
 * address at all, or where neither MetalLB nor kube-vip would serve it.
 */
function addressReplaced(evidence: Evidence, question: ServiceQuestion, other: Served): Draft | null {
  const { service, vip } = question
  const has = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])
  const own = claims(evidence, question).find(({ announcer }) => announcer.judged)
  if (vip !== null || has.length === 0 || own?.announcer.refuses(evidence, question) !== null) return null
  const name = objectName(service)
  const { off } = other.announcer.words
  return fail(
    'address-replaced',
    `service/${name}`,
    said(
      `${other.announcer.name} wrote its own addresses`,
      `Service ${name} does not have the address that was asked for: ${other.announcer.name} serves it too, since ${other.why}, and has written ${inWords(has)} into its status.`,
    ),
    [cite(service, 'status', 'loadBalancer', 'ingress'), ...other.proof],
    off?.mend(evidence) ?? {
      advice: `Leave the Service to ${own.announcer.name}: with a loadBalancerClass that only it handles.`,
    },
    { blocks: true },
  )
}
