import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { objectName, type Service } from '../../evidence/kubernetes.ts'
import { metallbPods } from '../../evidence/metallb-install.ts'
import type { Question } from '../../evidence/question.ts'
import { podsServing, servedByKubeVip } from '../../lb/kube-vip/announcers.ts'
import { kubeVipMark, metallbMark } from '../../lb/marks.ts'
import { observedByMetallb } from '../../lb/metallb/observed.ts'
import { keepalivedNodes } from '../../lb/keepalived.ts'
import { otherSystem } from '../../lb/other-systems.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, skipped, type Fix } from '../finding.ts'

export default defineCheck({
  id: 'assignment/one-system',
  title: 'No second system beside MetalLB or kube-vip serves the VIP',
  needs: ['kubernetes/pods'],
  alsoReads: [
    'kubernetes/services',
    'kubernetes/daemonsets',
    'kubernetes/leases',
    'kubernetes/nodes',
    'kubernetes/servicel2statuses',
    'node/ip-addr',
    'node/processes',
  ],
  appliesTo: ({ question }) => question.vip !== null || question.service !== null || 'Nothing has a VIP here.',
  blocks: false,
  run: ({ evidence, question }) => {
    const { service } = question
    const subject = service === null ? `vip/${question.vip?.text ?? ''}` : `service/${objectName(service)}`
    const own = serving(evidence, question)
    const others = othersOf(evidence, question)
    const all = [...own, ...others]
    const what = service === null ? `the VIP ${question.vip?.text ?? ''}` : `Service ${objectName(service)}`
    if (all.length > 1)
      return [
        fail(
          subject,
          `${inWords(all.map(({ says }) => says))} serve ${what} at once: each writes its status or answers for its address, and clients reach now one, now the other.`,
          all.flatMap(({ proof }) => proof),
          mend(
            service,
            others.map(({ name }) => name),
          ),
        ),
      ]
    const [first] = all
    return [
      first === undefined
        ? skipped(subject, `Nothing left a mark on ${what}.`)
        : pass(subject, `${first.says} alone serves ${what}.`, first.proof),
    ]
  },
  docs: {
    means:
      'A second system serves the Service beside MetalLB or kube-vip: ServiceLB of k3s, which lists the nodes’ own addresses and takes the ports of every node; a controller of AWS, which adds the host name of a load balancer; Cilium’s LB-IPAM or L2 announcements; Calico; keepalived, which holds the same address on an interface; a second MetalLB in another namespace. The status flaps, or two hosts answer for one address.',
    byHand:
      'kubectl get service NAME -o yaml: status.loadBalancer, conditions, finalizers and annotations name who wrote. kubectl get daemonsets -A | grep svclb. kubectl get pods -A | grep -e metallb -e kube-vip. On the nodes: ip address | grep VIP, pgrep -a keepalived.',
    mend: 'Let one system serve Services (k3s: --disable=servicelb), or give each a loadBalancerClass of its own; give keepalived another address.',
    sources: [
      'K3s documentation, "Networking Services: Disabling ServiceLB"; k3s issues 269, 1003; kube-vip issue 1288',
      'Cilium issues 38223, 48799',
      'Kubernetes documentation, "Service: Specifying class of load balancer implementation"',
    ],
  },
})

interface Serving {
  readonly says: string
  readonly proof: readonly Proof[]
}

/** Other controllers by their marks on the Service, and keepalived by its process and the address. */
function othersOf(evidence: Evidence, question: Question): readonly (Serving & { readonly name: string })[] {
  const { service } = question
  const other = service === null ? null : otherSystem(evidence, service)
  const [held] = keepalivedNodes(evidence, question)
  return [
    ...(other === null ? [] : [{ name: other.name, says: `${other.name} (${other.why})`, proof: other.proof }]),
    ...(held === undefined
      ? []
      : [
          {
            name: 'keepalived',
            says: `keepalived (${held.node} runs it and has the VIP on ${held.interface})`,
            proof: held.proof,
          },
        ]),
  ]
}

/** MetalLB and kube-vip, as far as they left marks; that both did is two-allocators' to say. */
function serving(evidence: Evidence, question: Question): readonly Serving[] {
  const { service } = question
  const pods = podsServing(evidence, question)
  if (servedByKubeVip(evidence, question) && pods.length > 0 && (service === null || kubeVipMark(service) !== null))
    return [{ says: 'kube-vip', proof: pods.slice(0, 2).map(({ pod }) => cite(pod, 'metadata', 'name')) }]
  if (service === null) return []
  const mark = metallbMark(service)
  const announcing = known(observedByMetallb(evidence, question)) ?? []
  if (mark === null && announcing.length === 0) return []
  const proof = mark === null ? announcing.map((one) => one.proof) : [cite(service, 'metadata', 'annotations', mark)]
  const controllers = known(metallbPods(evidence, 'controller')) ?? []
  const namespaces = [...new Set(controllers.map(({ metadata }) => metadata?.namespace ?? ''))].sort()
  return namespaces.length < 2
    ? [{ says: 'MetalLB', proof }]
    : namespaces.map((namespace) => ({
        says: `the MetalLB of ${namespace}`,
        proof: controllers
          .filter(({ metadata }) => metadata?.namespace === namespace)
          .slice(0, 1)
          .map((pod) => cite(pod, 'metadata', 'name')),
      }))
}

function mend(service: Service | null, others: readonly string[]): Fix {
  const { namespace = 'default', name = '' } = service?.metadata ?? {}
  if (others.includes('k3s ServiceLB'))
    return {
      commands: ['kubectl -n kube-system get daemonsets -o name | grep svclb'],
      changes:
        'Shows for which Services k3s runs ServiceLB. A k3s server started with --disable=servicelb takes all of them away and leaves Services to the other system.',
    }
  if (others.includes('keepalived'))
    return {
      commands: ['kubectl get nodes -o wide'],
      changes:
        'Shows the addresses of the nodes. Take the VIP out of keepalived’s virtual_ipaddress and restart it, or give the Service another address.',
    }
  return {
    commands: [`kubectl -n ${namespace} get service ${name} -o yaml`],
    changes:
      'Shows who wrote what. A Service that is created again with a loadBalancerClass of one system is left alone by the others.',
  }
}
