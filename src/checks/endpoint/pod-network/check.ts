import { cite } from '../../../evidence/cite.ts'
import { isGap } from '../../../evidence/gap.ts'
import { objectName } from '../../../evidence/kubernetes/kinds.ts'
import { podsOf } from '../../../lb/endpoints.ts'
import { together } from '../../../net/remedy.ts'
import { sh } from '../../../net/shell.ts'
import { defineCheck } from '../../check.ts'
import { fail, pass, said } from '../../finding.ts'
import { sandboxFailure } from './sandbox-events.ts'
import { counted } from '../../../net/words.ts'

export default defineCheck({
  id: 'endpoint/pod-network',
  after: 'endpoint/vip-bound',
  title: 'The Service’s pods have an address',
  needs: ['kubernetes/pods'],
  alsoReads: ['kubernetes/events'],
  about: ['service'],
  appliesTo: ({ question }) => {
    return Object.keys(question.service.spec?.selector ?? {}).length > 0 || 'The Service selects no pods.'
  },
  blocks: false,
  consequenceOf: ['forwarding/cni-ready', 'forwarding/cni-config'],
  run: ({ evidence, question }) => {
    const { service } = question
    const pods = podsOf(evidence, service)
    if (isGap(pods)) return []
    const scheduled = pods.filter(
      ({ spec, status }) => spec?.nodeName !== undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
    )
    const without = scheduled.filter(({ status }) => (status?.podIP ?? '') === '')
    const subject = `service/${objectName(service)}`
    if (without.length === 0)
      return [
        pass(
          'has-addresses',
          subject,
          said(
            'each pod has an address',
            `Each pod of Service ${objectName(service)} has an address (${String(scheduled.length)}).`,
          ),
          scheduled.slice(0, 5).map((pod) => cite(pod, 'status', 'podIP')),
        ),
      ]
    const names = without.map(({ metadata, spec }) => `${metadata?.name ?? ''} on ${spec?.nodeName ?? ''}`).join(', ')
    const [first] = without
    const told = without.flatMap((pod) => {
      const failure = sandboxFailure(evidence, pod)
      return failure === null ? [] : [{ pod, failure }]
    })
    const [why] = told
    const remedy = together(told.map(({ failure }) => failure.remedy))
    return [
      fail(
        'without-address',
        subject,
        said(
          `${String(without.length)} of ${counted(scheduled.length, 'pod')} without network`,
          `${String(without.length)} of ${counted(scheduled.length, 'pod')} of Service ${objectName(service)} ${without.length === 1 ? 'has' : 'have'} no network: ${names}.${why === undefined ? '' : ` Of ${why.pod.metadata?.name ?? ''}: ${why.failure.says}.`}`,
        ),
        [
          ...without.map((pod) => cite(pod, 'status', 'podIP')),
          ...told.slice(0, 3).map(({ failure }) => failure.proof),
        ],
        (remedy.look ?? []).length + (remedy.commands ?? []).length > 0
          ? remedy
          : {
              look: [sh`kubectl -n ${first?.metadata?.namespace} describe pod ${first?.metadata?.name}`],
              advice:
                '"failed to setup network for sandbox" and "network plugin not ready" in the events of the pod speak of the CNI of its node.',
            },
      ),
    ]
  },
  docs: {
    means:
      'A pod is scheduled, but its sandbox got no address: the CNI of its node is not configured, fails, or has no addresses left. Such a pod is no endpoint. Where kubelet’s events are in the evidence (FailedCreatePodSandBox), they say which.',
    byHand:
      'kubectl get pods -o wide: IP is <none> and STATUS ContainerCreating; kubectl describe pod shows FailedCreatePodSandBox.',
    mend: 'Mend the CNI of the node: a configuration in /etc/cni/net.d, its binaries in /opt/cni/bin.',
    sources: [
      'CNI specification 1.1.0, "Section 1: Network configuration format"',
      'Kubernetes documentation, "Network Plugins"',
    ],
  },
})
