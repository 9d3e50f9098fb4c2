import { cite, citeList } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { fileOfSlices } from '../../evidence/kubernetes/endpoints.ts'
import { kubernetesFile, objectName, type SwitchLBRule } from '../../evidence/kubernetes/kinds.ts'
import { matches, parentsOf, subnetNameOf } from '../../lb/kube-ovn/vips.ts'
import { isReady } from '../../lb/metallb/install.ts'
import { counted, inWords } from '../../net/words.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type VipContext } from '../check.ts'
import { fail, pass, said, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'endpoint/kube-ovn-backends',
  after: 'endpoint/pod-network',
  title: 'A ready pod stands behind the VIP of Kube-OVN',
  needs: ['kubernetes/pods'],
  alsoReads: ['kubernetes/endpointslices', 'kubernetes/vips', 'kubernetes/switchlbrules'],
  about: ['kube-ovn'],
  blocks: true,
  consequenceOf: ['announcement/kube-ovn-port'],
  run: (context) => {
    const { vip, rule } = context.question.kubeOvn
    if (rule !== null) return [backends(context, rule)]
    const name = vip.metadata?.name ?? ''
    const pods = parentsOf(context.evidence, vip)
    const ready = pods.filter(isReady)
    return [
      ready.length > 0
        ? pass(
            'vip-pods-ready',
            `vips/${name}`,
            said(
              counted(ready.length, 'ready pod'),
              `Behind Vip ${name} ${inWords(ready.map((pod) => objectName(pod)))} ${ready.length === 1 ? 'is' : 'are'} ready.`,
            ),
            [],
          )
        : fail(
            pods.length === 0 ? 'no-vip-pod' : 'vip-pods-not-ready',
            `vips/${name}`,
            pods.length === 0
              ? said('no pod stands behind it', `No pod stands behind Vip ${name}.`)
              : said(
                  `none of ${counted(pods.length, 'pod')} is ready`,
                  `None of the ${counted(pods.length, 'pod')} behind Vip ${name} is ready.`,
                ),
            [cite(vip, 'spec'), ...pods.slice(0, 4).map((pod) => cite(pod, 'status', 'phase'))],
            {
              look: [sh`kubectl -n ${vip.spec?.namespace ?? 'default'} get pods -o wide --show-labels`],
            },
          ),
    ]
  },
  docs: {
    means:
      'Nothing stands behind the VIP: the Service slr-NAME that Kube-OVN makes of a SwitchLBRule has no ready endpoint, or none of the pods that share a Vip is ready.',
    byHand:
      'kubectl -n NAMESPACE get endpointslices -l kubernetes.io/service-name=slr-NAME; kubectl get switch-lb-rule NAME -o yaml: namespace and selector (key:value).',
    mend: 'Correct namespace and selector of the rule, or make the pods ready. Where all backends vanish although pods are ready, look at the rule’s health check (annotation ovn.kubernetes.io/service_health_check).',
    sources: ['kube-ovn v1.16.2 pkg/controller/switch_lb_rule.go'],
  },
})

function backends({ evidence }: VipContext, rule: SwitchLBRule): Draft {
  const name = rule.metadata?.name ?? ''
  const subject = `switch-lb-rules/${name}`
  const { namespace = 'default', endpoints = [], selector = [] } = rule.spec ?? {}
  if (endpoints.length > 0)
    return pass(
      'own-endpoints',
      subject,
      said(
        `the rule lists ${counted(endpoints.length, 'endpoint')} by itself`,
        `SwitchLBRule ${name} lists ${counted(endpoints.length, 'endpoint')} by itself, whatever it selects.`,
      ),
      [cite(rule, 'spec', 'endpoints')],
    )
  const slices = evidence.kubernetes.endpointslices
  if (isGap(slices))
    return unknown(
      'endpoints-not-read',
      subject,
      said('endpoints not read', `It is not known whether SwitchLBRule ${name} has endpoints.`),
      [slices],
    )
  const own = slices.filter(
    ({ metadata }) =>
      metadata?.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === `slr-${name}`,
  )
  const ready = own.flatMap((slice) => (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready ?? true))
  const unchecked = ready.length === 0 ? null : withoutCheckAddress(evidence, rule)
  if (unchecked !== null) return unchecked
  if (ready.length > 0)
    return pass(
      'rule-endpoints-ready',
      subject,
      said(
        counted(ready.length, 'ready endpoint'),
        `SwitchLBRule ${name} has ${counted(ready.length, 'ready endpoint')}.`,
      ),
      own.slice(0, 2).map((slice) => cite(slice, 'endpoints')),
    )
  const pods = (known(evidence.kubernetes.pods) ?? []).filter(
    (pod) => pod.metadata?.namespace === namespace && matches(selector, pod),
  )
  const why =
    pods.length === 0
      ? `no pod of the namespace ${namespace} has the labels ${selector.join(', ')}`
      : `none of the ${counted(pods.length, 'pod')} that it selects is a ready endpoint`
  return fail(
    'nothing-behind',
    subject,
    said(
      pods.length === 0 ? 'the rule selects no pod' : `none of ${counted(pods.length, 'pod')} is a ready endpoint`,
      `Nothing stands behind SwitchLBRule ${name}: ${why}.`,
    ),
    own.length > 0
      ? own.slice(0, 2).map((slice) => cite(slice, 'endpoints'))
      : [citeList(fileOfSlices(slices), '/items', `none of slr-${name}`), cite(rule, 'spec', 'selector')],
    {
      look: [
        sh`kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=slr-${name}`,
        sh`kubectl -n ${namespace} get pods --show-labels`,
      ],
    },
  )
}

const healthCheck = 'ovn.kubernetes.io/service_health_check'

/** OVN sends the probes of a health check from an address of its own, a Vip named like the subnet; without it every backend counts as dead. */
function withoutCheckAddress(evidence: Evidence, rule: SwitchLBRule): Draft | null {
  const { vips } = evidence.kubernetes
  if (rule.metadata?.annotations?.[healthCheck] !== 'true' || isGap(vips)) return null
  const name = rule.metadata.name ?? ''
  const { namespace = 'default', selector = [] } = rule.spec ?? {}
  const subnets = (known(evidence.kubernetes.pods) ?? []).flatMap((pod) =>
    pod.metadata?.namespace === namespace && matches(selector, pod) ? (subnetNameOf(pod) ?? []) : [],
  )
  const missing = [...new Set(subnets)].filter((subnet) => !vips.some(({ metadata }) => metadata?.name === subnet))
  return missing.length === 0
    ? null
    : warn(
        'no-health-check-vip',
        `switch-lb-rules/${name}`,
        said(
          'OVN has no address to probe the pods from',
          `SwitchLBRule ${name} has a health check, but no Vip is named ${inWords(missing)} like the subnet of its pods: OVN has no address to probe from, and its load balancer may drop all backends.`,
        ),
        [
          cite(rule, 'metadata', 'annotations', healthCheck),
          citeList(kubernetesFile('vips'), '/items', `none is named ${missing.join(', ')}`),
        ],
        {
          fix: {
            summary: 'send without a health check',
            commands: [sh`kubectl annotate switch-lb-rule ${name} --overwrite ${healthCheck}=false`],
            changes: 'OVN sends to every endpoint of the rule without probing it.',
          },
        },
      )
}
