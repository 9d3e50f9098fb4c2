import type { Proof } from '../../evidence/cite.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { announcing } from '../../lb/announcers.ts'
import { electionFunnel, type Candidate } from '../../lb/metallb/election.ts'
import { sh } from '../../net/shell.ts'
import { metallbSettings, olderThan } from '../../lb/metallb/install.ts'
import { counted, inWords } from '../../net/words.ts'
import { announcedByArp, unannounced } from '../about/announced.ts'
import { withoutLabel } from '../about/node-label.ts'
import { defineCheck, type ServiceContext } from '../check.ts'
import { pass, said, skipped, unknown, type Remedy } from '../finding.ts'
import { outsText } from '../about/outs-text.ts'
import { excludeLabel, outsOf } from '../../lb/metallb/out.ts'

export default defineCheck({
  id: 'announcement/no-eligible-node',
  after: 'announcement/vip-bound-twice',
  title: 'MetalLB can elect a node to announce the VIP',
  needs: ['kubernetes/nodes', 'kubernetes/l2advertisements', 'kubernetes/ipaddresspools'],
  alsoReads: [
    'kubernetes/pods',
    'kubernetes/endpointslices',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'kubernetes/servicel2statuses',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: announcedByArp,
  blocks: true,
  consequenceOf: ['announcement/l2-advertisement', 'control/speaker', 'forwarding/cni-ready', 'endpoint/ready'],
  run: (context) => {
    const { evidence, question } = context
    const subject = `vip/${question.vip.text}`
    const funnel = electionFunnel(evidence, question)
    if (isGap(funnel))
      return [
        unknown(
          'candidates-not-known',
          subject,
          said(
            'which nodes may announce it is not known',
            `It is not known which nodes may announce ${question.vip.text}.`,
          ),
          [funnel],
        ),
      ]
    const staying = stayingIn(funnel)
    if (staying !== null)
      return [
        pass(
          'eligible',
          subject,
          said(
            `${counted(staying.count, 'node')} may announce it`,
            `${staying.names} may announce ${question.vip.text}${staying.remark}.`,
          ),
          staying.proof,
        ),
      ]
    const reasons = outsOf(funnel).map(({ reason }) => reason)
    if (reasons.every((reason) => reason === 'no-l2-advertisement'))
      return [
        skipped(
          'no-node-selected',
          subject,
          'No node is selected at all; announcement/l2-advertisement speaks of that.',
        ),
      ]
    if (reasons.every((reason) => reason === 'speaker-not-ready' || reason === 'no-speaker'))
      return [skipped('no-speaker-ready', subject, 'No speaker is ready; control/speaker speaks of that.')]
    const seen = known(announcing(evidence, question).observed) ?? []
    if (seen.length > 0)
      return [
        pass(
          'announced-nevertheless',
          subject,
          said(
            `${counted(seen.length, 'node')} ${seen.length === 1 ? 'announces' : 'announce'} it nevertheless`,
            `${inWords(seen)} reports that it announces ${question.vip.text}, although ${outsText(funnel)}.`,
          ),
          funnel.map(({ proof }) => proof),
        ),
      ]
    return [
      unannounced(
        context,
        'nobody-eligible',
        subject,
        { brief: 'no node may announce it', says: `No node may announce ${question.vip.text}: ${outsText(funnel)}.` },
        funnel.map(({ proof }) => proof),
        mend(context, funnel),
      ),
    ]
  },
  docs: {
    means:
      'MetalLB elects one node for a VIP, among those that stay after its filters: no condition NetworkUnavailable, no label node.kubernetes.io/exclude-from-external-load-balancers (with any value, also "false"), in 0.14.9 not cordoned, selected by an advertisement, a living speaker, and with externalTrafficPolicy Local (before 0.11 with any policy) a ready endpoint on the node. Nobody stays, so nobody announces; MetalLB says so at log level debug only.',
    byHand:
      'kubectl get nodes --show-labels; kubectl -n metallb-system get pods -l component=speaker -o wide; kubectl get endpointslices -l kubernetes.io/service-name=NAME -o wide.',
    mend: 'Remove what puts the nodes out: the label (kubeadm and Talos set it on control planes, Talos again and again until its machine configuration deletes it; or start the speaker with --ignore-exclude-lb), the condition that a CNI plugin left, the taint that keeps the speaker away, or the policy Local.',
    sources: [
      'MetalLB v0.16.1 speaker/layer2_controller.go (usableNodes), internal/k8s/nodes',
      'MetalLB release notes, 0.11.0 (any node may announce), 0.14.9 and 0.15.0 (cordoned nodes)',
      'Talos documentation, "Machine configuration: nodeLabels"',
      'metallb/metallb issues 2021 and 2274; kubernetes-sigs/kind issue 3506',
    ],
  },
})

const remark = (funnel: readonly Candidate[]): string => {
  const out = funnel.filter((candidate) => candidate.out !== null)
  return out.length === 0 ? '' : `; ${outsText(out)}`
}

function mend({ evidence, question }: ServiceContext, funnel: readonly Candidate[]): Remedy {
  const settings = metallbSettings(evidence)
  const labelled = funnel.flatMap(({ node, out }) => (out === 'exclude-label' ? [node] : []))
  if (labelled.length > 0) {
    const { commands, changes } = withoutLabel(evidence, labelled, excludeLabel)
    return {
      summary: `take the label off ${counted(labelled.length, 'node')}`,
      commands,
      changes: `MetalLB and every other load balancer may use the nodes then. ${changes}${changes === '' ? '' : ' '}Where the label must stay, start the speakers with --ignore-exclude-lb.`,
    }
  }
  const cordoned = funnel.filter(({ out }) => out === 'cordoned')
  if (cordoned.length > 0)
    return {
      summary: `uncordon ${counted(cordoned.length, 'node')}`,
      commands: cordoned.map(({ node }) => sh`kubectl uncordon ${node}`),
      changes:
        'New pods may be put on the nodes again. MetalLB 0.14.9 alone passes over cordoned nodes: any later release announces from them.',
    }
  const unavailable = funnel.filter(({ out }) => out === 'network-unavailable')
  if (unavailable.length > 0)
    return {
      look: unavailable.map(
        ({ node }) => sh`kubectl get node ${node} -o jsonpath='{.status.conditions[?(@.type=="NetworkUnavailable")]}'`,
      ),
      advice:
        'A CNI plugin or a route controller that is gone leaves the condition behind: whoever set it must clear it.',
    }
  if (funnel.some(({ out }) => out === 'no-own-endpoint'))
    return {
      look: ['kubectl get endpointslices -A -o wide', 'kubectl get pods -A -o wide'],
      advice:
        question.service.spec?.externalTrafficPolicy === 'Local'
          ? `With externalTrafficPolicy Local only a node with one of them may announce: schedule a pod on a node whose speaker lives${olderThan(settings, '0.11.0') ? '' : ', or use Cluster'}.`
          : `MetalLB ${settings.version ?? ''} lets only a node with one of them announce, whatever externalTrafficPolicy says: schedule a pod on a node whose speaker lives, or bring MetalLB to 0.11 or later.`,
    }
  return {
    look: [
      sh`kubectl -n ${settings.namespace} get pods -l component=speaker -o wide`,
      'kubectl describe nodes | grep -E "^Name:|NetworkUnavailable|^Taints:"',
    ],
  }
}

/** So many nodes prove that some stay; the sentence counts them all. */
const enough = 10

interface Staying {
  readonly count: number
  readonly names: string
  readonly remark: string
  readonly proof: readonly Proof[]
}
const stayingByFunnel = new WeakMap<readonly Candidate[], Staying | null>()

/** Who stays in a funnel, in words; null for nobody. Many VIPs share a funnel, and in a large cluster the words are long. */
function stayingIn(funnel: readonly Candidate[]): Staying | null {
  const found = stayingByFunnel.get(funnel)
  if (found !== undefined) return found
  const nodes = funnel.filter(({ out }) => out === null).map(({ node }) => node)
  const staying =
    nodes.length === 0
      ? null
      : {
          count: nodes.length,
          names: inWords(nodes),
          remark: remark(funnel),
          proof: funnel.slice(0, enough).map(({ proof }) => proof),
        }
  stayingByFunnel.set(funnel, staying)
  return staying
}
