import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type Pod } from '../../evidence/kubernetes/kinds.ts'
import { perEvidenceBy } from '../../evidence/memo.ts'
import { addressesOfPod } from '../../evidence/kubernetes/pods.ts'
import { type Family } from '../../net/address.ts'
import { parseCidr, rangeHas, type Cidr } from '../../net/range.ts'
import { counted } from '../../net/words.ts'
import { configPath, settingOf } from '../../node/proxy-settings.ts'
import { sh } from '../../net/shell.ts'
import { translatorReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, unknown, warn } from '../finding.ts'
import { noKubeProxy } from '../about/kube-proxy.ts'

export default defineCheck({
  id: 'translation/cluster-cidr',
  after: 'translation/rules-complete',
  title: 'kube-proxy’s clusterCIDR holds every pod',
  needs: ['kubernetes/pods'],
  alsoReads: [...translatorReads, 'kubernetes/configmaps'],
  about: ['service'],
  blocks: false,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const here = evidence.node(node)
    const subject = `node/${node}`
    const absent = noKubeProxy(context)
    if (absent !== null) return [absent]
    const by = settingOf(evidence, here, 'detectLocalMode')?.value ?? ''
    if (by !== '' && by !== 'ClusterCIDR')
      return [skipped('other-detection', subject, `kube-proxy on ${node} tells pods by ${by}, not by their addresses.`)]
    const told = settingOf(evidence, here, 'clusterCidr')
    if (told === null)
      return isGap(here.kubeProxyConfig)
        ? [
            unknown(
              'range-not-known',
              subject,
              said(
                'the configuration of kube-proxy is not read',
                `It is not known what kube-proxy on ${node} takes for the pods’ range.`,
              ),
              [here.kubeProxyConfig],
            ),
          ]
        : [
            skipped(
              'no-range',
              subject,
              `kube-proxy on ${node} was told no range of pods, so none that could be wrong.`,
            ),
          ]
    const family = question.vip.family
    const ranges = told.value
      .split(',')
      .flatMap((text) => parseCidr(text.trim()) ?? [])
      .filter((range) => range.family === family)
    if (ranges.length === 0)
      return [
        skipped('no-range-of-family', subject, `kube-proxy on ${node} was told no IPv${String(family)} range of pods.`),
      ]
    const range = ranges.map(({ text }) => text).join()
    const [stranger, ...more] = podsOutside(evidence, ranges, range)
    if (stranger === undefined)
      return [
        pass(
          'holds-pods',
          subject,
          said(
            'clusterCIDR holds every pod',
            `clusterCIDR ${range} of kube-proxy on ${node} holds every pod’s address.`,
          ),
          [told.proof],
        ),
      ]
    const others = more.length === 0 ? '' : ` (and ${String(more.length)} more)`
    return [
      warn(
        'misses-pod',
        subject,
        said(
          `clusterCIDR misses ${counted(1 + more.length, 'pod')}`,
          `clusterCIDR ${range} of kube-proxy on ${node} does not hold pod ${objectName(stranger.pod)} at ${stranger.address.text}${others}: kube-proxy takes it for a client from outside, hides its address behind the node’s, and with externalTrafficPolicy Local keeps it from pods of other nodes.`,
        ),
        [told.proof, cite(stranger.pod, 'status', 'podIP')],
        {
          fix: {
            look: [sh`ssh ${node} sudo grep clusterCIDR ${configPath(here)}`],
            advice: `Write a range that holds every pod as clusterCIDR into ${configPath(here)}, the same on every node, and restart kube-proxy there.`,
          },
        },
      ),
    ]
  },
  docs: {
    means:
      'kube-proxy tells packets of pods from those of others by clusterCIDR. A pod outside of it is treated as a stranger: its packets to a ClusterIP are masqueraded, so the other pod and network policies see the node’s address; and its packets to the VIP of a Service with externalTrafficPolicy Local are dropped where no endpoint is local.',
    byHand: 'grep clusterCIDR in kube-proxy’s configuration, against kubectl get pods -A -o wide.',
    mend: 'Set clusterCIDR to the range that the controller manager and the CNI plugin use (--cluster-cidr), and restart kube-proxy on every node.',
    sources: [
      'Kubernetes documentation, "kube-proxy Configuration (v1alpha1): clusterCIDR, detectLocalMode"',
      'kubernetes v1.34.4 pkg/proxy/util/localdetector.go',
    ],
  },
})

/** The pods of the ranges' family that are in none of them: the same for every node that was told these ranges, and for every VIP. */
const podsOutside = perEvidenceBy(
  (_: readonly Cidr[], text: string) => text,
  (evidence: Evidence, ranges) =>
    (known(evidence.kubernetes.pods) ?? []).flatMap((pod) =>
      addressesOf(pod, ranges[0]?.family ?? 4)
        .filter((address) => !ranges.some((range) => rangeHas(range, address)))
        .map((address) => ({ pod, address })),
    ),
)

function addressesOf(pod: Pod, family: Family) {
  const { spec, status } = pod
  if (spec?.hostNetwork === true || status?.phase === 'Succeeded' || status?.phase === 'Failed') return []
  return addressesOfPod(pod).filter((one) => one.family === family)
}
