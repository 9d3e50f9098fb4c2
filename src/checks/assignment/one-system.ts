import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { objectName } from '../../evidence/kubernetes/kinds.ts'
import { metallbPods } from '../../lb/metallb/install.ts'
import { type Question, serviceOf } from '../../evidence/question.ts'
import { servedBy } from '../../lb/announcers.ts'
import { kubeVipMark, metallbMark } from '../../lb/marks.ts'
import { observedByMetallb } from '../../lb/metallb/observed.ts'
import { hostHolders } from '../../lb/holders.ts'
import { nodesOfHolder } from '../../lb/host-holder.ts'
import { sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, skipped, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'assignment/one-system',
  title: 'Neither keepalived, Pacemaker nor a second MetalLB serves the VIP',
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
  blocks: false,
  run: ({ evidence, question }) => {
    const service = serviceOf(question)
    const subject = service === null ? `vip/${question.vip?.text ?? ''}` : `service/${objectName(service)}`
    const own = serving(evidence, question)
    const others = othersOf(evidence, question)
    const all = [...own, ...others]
    const what = service === null ? `the VIP ${question.vip?.text ?? ''}` : `Service ${objectName(service)}`
    if (all.length > 1)
      return [
        fail(
          'several-systems',
          subject,
          said(
            `${String(all.length)} systems serve it at once`,
            `${inWords(all.map(({ says }) => says))} serve ${what} at once: each writes its status or answers for its address, and clients reach now one, now the other.`,
          ),
          all.flatMap(({ proof }) => proof),
          mend(evidence, question),
        ),
      ]
    const [first] = all
    return [
      first === undefined
        ? skipped('no-mark', subject, `Nothing left a mark on ${what}.`)
        : pass(
            'one-system',
            subject,
            said(
              `${first.says} alone serves it`,
              `Neither keepalived, Pacemaker nor another MetalLB serves ${what} beside ${first.says}.`,
            ),
            first.proof,
          ),
    ]
  },
  docs: {
    means:
      'A second system serves the VIP beside MetalLB or kube-vip: keepalived or Pacemaker, which holds the same address on an interface of another node, or a second MetalLB in another namespace. Two hosts answer for one address, or the status flaps.',
    byHand:
      'kubectl get pods -A | grep -e metallb -e kube-vip. On the nodes: ip address | grep VIP, pgrep -a "keepalived|pacemakerd".',
    mend: 'Let one system serve the VIP: give keepalived or Pacemaker another address, remove one MetalLB, or give each a loadBalancerClass of its own.',
    sources: [
      'keepalived.conf(5), virtual_ipaddress; RFC 9568 (VRRP)',
      'Kubernetes documentation, "Service: Specifying class of load balancer implementation"',
    ],
  },
})

interface Serving {
  readonly says: string
  readonly proof: readonly Proof[]
}

/** keepalived and Pacemaker, by their process and the address; controllers that mark the Service are other-controller's to tell. */
const othersOf = (evidence: Evidence, question: Question): readonly Serving[] =>
  hostHolders.flatMap((holder) =>
    nodesOfHolder(holder, evidence, question)
      .slice(0, 1)
      .map((held) => ({
        says: `${holder.name} (${held.node} runs it and has the VIP on ${held.interface})`,
        proof: held.proof,
      })),
  )

/** MetalLB and kube-vip, as far as they left marks; that both did is two-allocators' to say. */
function serving(evidence: Evidence, question: Question): readonly Serving[] {
  const service = serviceOf(question)
  const own = servedBy(evidence, question)
  const marked = service === null || kubeVipMark(service) !== null
  if (own?.announcer.name === 'kube-vip' && own.proof.length > 0 && marked)
    return [{ says: 'kube-vip', proof: own.proof }]
  if (service === null) return []
  const mark = metallbMark(service)
  const announcing = known(observedByMetallb(evidence, service)) ?? []
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

function mend(evidence: Evidence, question: Question): Remedy {
  for (const holder of hostHolders) {
    const [held] = nodesOfHolder(holder, evidence, question)
    const { look, advice } = holder.words.release
    if (held !== undefined && question.vip !== null)
      return { look: [look(held.node, question.vip.text)], advice: advice(held.node) }
  }
  const { namespace = 'default', name } = serviceOf(question)?.metadata ?? {}
  return {
    look: [
      sh`kubectl -n ${namespace} get service ${name} -o yaml`,
      'kubectl get deployments -A | grep -e metallb -e controller',
    ],
    advice: 'Remove one of the two, or give each a loadBalancerClass of its own (--lb-class).',
  }
}
