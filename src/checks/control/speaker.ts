import { cite, citeList } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { kubernetesFile } from '../../evidence/kubernetes.ts'
import { isReady, metallbPods } from '../../evidence/metallb-install.ts'
import { whyNotReady } from '../../lb/metallb/not-ready.ts'
import { underMetallb } from '../announced.ts'
import { defineCheck } from '../check.ts'
import { fail, pass } from '../finding.ts'

export default defineCheck({
  id: 'control/speaker',
  title: 'MetalLB’s speakers are ready',
  needs: ['kubernetes/pods'],
  alsoReads: ['kubernetes/daemonsets', 'kubernetes/deployments'],
  appliesTo: underMetallb,
  blocks: false,
  consequenceOf: ['translation/kube-proxy-running', 'forwarding/cni-ready'],
  run: ({ evidence, question }) => {
    const speakers = metallbPods(evidence, 'speaker')
    if (isGap(speakers)) return []
    // On a LAN the VIP lives by its announcement: without any speaker nobody answers ARP.
    const blocks = question.fabric === 'lan' && !speakers.some(isReady)
    const namespace = speakers[0]?.metadata?.namespace ?? 'metallb-system'
    const fix = {
      commands: [
        `kubectl -n ${namespace} get pods -l component=speaker -o wide`,
        `kubectl -n ${namespace} logs daemonset/speaker --previous --tail=20`,
      ],
      changes: 'Shows which speakers are not ready and what they said before they ended.',
    }
    if (speakers.length === 0) {
      return [
        fail(
          'daemonset/speaker',
          'MetalLB has no speaker pod, so no node announces anything.',
          [citeList(kubernetesFile('pods'), '/items', 'no MetalLB speaker among them')],
          fix,
          { blocks },
        ),
      ]
    }
    const wrong = notReady(evidence)
    if (wrong.length === 0)
      return [
        pass(
          'daemonset/speaker',
          `All ${String(speakers.length)} MetalLB speakers are ready.`,
          speakers.slice(0, 1).map((pod) => cite(pod, 'status', 'phase')),
        ),
      ]
    const each = wrong
      .map(({ pod, why }) => `${pod.metadata?.name ?? ''} on ${pod.spec?.nodeName ?? 'no node'} ${why.says}`)
      .join('; ')
    return [
      fail(
        'daemonset/speaker',
        `${String(wrong.length)} of ${String(speakers.length)} MetalLB speakers are not ready: ${each}.`,
        wrong.map(({ why }) => why.proof),
        fix,
        { blocks },
      ),
    ]
  },
  docs: {
    means:
      'A speaker announces the VIPs of its node. One that is not ready or restarts again and again cannot reach the API server, lacks a privilege, or its image. On a LAN without any ready speaker nobody answers ARP for a VIP; on EC2, where announcements deliver nothing, it stops no packet.',
    byHand:
      'kubectl -n metallb-system get pods -l component=speaker -o wide: READY and RESTARTS. A speaker that started before kube-proxy’s rules were lost stays Ready on its open connection, so Ready proves no access to the API.',
    mend: 'Read the logs of the previous container. Where they speak of a time-out to 10.x.0.1:443 or similar, mend kube-proxy on that node first.',
    sources: [
      'MetalLB v0.16.1 config/manifests/metallb-native.yaml (labels, probes)',
      'Kubernetes documentation, "Pod Lifecycle: Container restart policy"',
    ],
  },
})

/** The speakers that are not ready, and why: the same for every VIP. */
const notReady = perEvidence((evidence: Evidence) =>
  (known(metallbPods(evidence, 'speaker')) ?? []).flatMap((pod) => {
    const why = whyNotReady(pod)
    return why === null ? [] : [{ pod, why }]
  }),
)
