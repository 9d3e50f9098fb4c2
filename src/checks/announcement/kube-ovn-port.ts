import type { KubeOvnQuestion, WithVip } from '../../evidence/question.ts'
import { cite, citeList } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import {
  kubernetesFile,
  objectName,
  type OvnVip,
  type Pod,
  type SwitchLBRule,
} from '../../evidence/kubernetes/kinds.ts'
import { isAllocated, matches, parentRules, parentsOf, subnetOf, switchLbVip } from '../../lb/kube-ovn/vips.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { counted, inWords } from '../../net/words.ts'
import { defineCheck, type VipContext, type Context } from '../check.ts'
import { fail, pass, said, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'announcement/kube-ovn-port',
  after: 'announcement/l2-advertisement',
  title: 'OVN has a port that answers for the VIP',
  needs: ['kubernetes/pods'],
  alsoReads: ['kubernetes/vips', 'kubernetes/switchlbrules', 'kubernetes/ovnsubnets'],
  about: ['kube-ovn'],
  blocks: true,
  consequenceOf: ['assignment/kube-ovn-vip'],
  run: (context) => {
    const { vip, rule } = context.question.kubeOvn
    if (vip !== null) return [parents(context, vip)]
    return [ruleAddress(context, rule)]
  },
  docs: {
    means:
      'Inside OVN nobody asks by broadcast: a logical port answers for the address. For a Vip that pods share it is a virtual port, whose parents are the ports of pods that meet four rules: the Vip’s namespace, every label of its selector, its name in their annotation ovn.kubernetes.io/aaps, its subnet. Without a parent OVN drops what the pods send from the address, and delivers nothing to it. For a SwitchLBRule whose address lies in the clients’ own subnet it is a Vip of type switch_lb_vip.',
    byHand:
      'kubectl ko nbctl --columns=options list logical_switch_port NAME: virtual-parents must not be empty. kubectl get pods -A -o yaml | grep aaps. Inside the pod: ip address shows whether it holds the VIP (keepalived, or ip address add; needs NET_ADMIN).',
    mend: 'Create the Vip with spec.namespace and spec.selector, and annotate the pods with ovn.kubernetes.io/aaps: NAME. For a SwitchLBRule inside the clients’ subnet create a Vip of type switch_lb_vip with its address.',
    sources: [
      'kube-ovn v1.16.2 pkg/controller/vip.go, pkg/controller/switch_lb_rule.go',
      'Kube-OVN documentation, "VIP Reservation", "VPC Internal Load Balancing"',
    ],
  },
})

function parents({ evidence }: VipContext, vip: OvnVip): Draft {
  const name = vip.metadata?.name ?? ''
  const subject = `vips/${name}`
  const pods = parentsOf(evidence, vip)
  const all = evidence.kubernetes.pods
  if (isGap(all))
    return unknown(
      'sharing-not-known',
      subject,
      said('which pods share its Vip is not known', `It is not known which pods share Vip ${name}.`),
      [all],
    )
  if (pods.length > 0) {
    const names = inWords(pods.map((pod) => objectName(pod)))
    const able = pods.some((pod) => pod.metadata?.annotations?.['ovn.kubernetes.io/vip'] === name || mayTake(pod))
    return able
      ? pass(
          'shared',
          subject,
          said(`its Vip is shared by ${counted(pods.length, 'pod')}`, `Vip ${name} is shared by ${names}.`),
          pods.slice(0, 4).map((pod) => cite(pod, 'metadata', 'annotations')),
        )
      : warn(
          'shared-without-net-admin',
          subject,
          said(
            'no pod that shares it has NET_ADMIN',
            `Vip ${name} is shared by ${names}, but none of their containers has NET_ADMIN, without which nothing inside can take the address.`,
          ),
          pods.slice(0, 4).map((pod) => cite(pod, 'spec', 'containers', 0, 'securityContext')),
          {
            fix: {
              look: [
                sh`kubectl -n ${pods[0]?.metadata?.namespace ?? 'default'} exec ${pods[0]?.metadata?.name} -- ip address`,
              ],
              advice: 'Add NET_ADMIN to the container that should take the address.',
            },
          },
        )
  }
  if ((vip.spec?.namespace ?? '') === '')
    return fail(
      'no-virtual-port',
      subject,
      said(
        'its Vip only reserves the address',
        `Vip ${name} only reserves its address: it has no namespace, so OVN has no virtual port for it, and no pod takes it by the annotation ovn.kubernetes.io/vip.`,
      ),
      [cite(vip, 'spec')],
      {
        look: [sh`kubectl get vip ${name} -o yaml`],
        advice:
          'The namespace of a Vip cannot be changed: delete it and create it again with spec.namespace and spec.selector.',
      },
    )
  // The rules one after the other: the first one that leaves nobody is the one to mend.
  let left: readonly Pod[] = all
  const failing = parentRules.find(({ holds }) => {
    left = left.filter((pod) => holds(pod, vip))
    return left.length === 0
  })
  const last = failing === undefined ? '' : failing.says(vip)
  const selected = all.find(
    (pod) => pod.metadata?.namespace === vip.spec?.namespace && matches(vip.spec?.selector ?? [], pod),
  )
  return fail(
    'virtual-port-without-parent',
    subject,
    said(
      'its virtual port has no pod as its parent',
      `OVN's virtual port of Vip ${name} has no parent: no pod ${selected === undefined ? '' : 'of those that it selects '}${last}.`,
    ),
    [
      cite(vip, 'spec'),
      selected === undefined
        ? citeList(kubernetesFile('pods'), '/items', 'none meets the four rules')
        : cite(selected, 'metadata', 'annotations'),
    ],
    selected === undefined
      ? {
          look: [sh`kubectl -n ${vip.spec?.namespace ?? 'default'} get pods --show-labels`],
          advice:
            'A pod of the namespace and subnet with the selector’s labels and the annotation ovn.kubernetes.io/aaps becomes a parent.',
        }
      : {
          summary: `let ${selected.metadata?.name ?? 'the pod'} hold the VIP`,
          commands: [
            sh`kubectl -n ${vip.spec?.namespace ?? 'default'} annotate pod ${selected.metadata?.name} ${`ovn.kubernetes.io/aaps=${name}`}`,
          ],
          changes: 'Put the annotation into the template of its Deployment too, else it is gone with the pod.',
        },
  )
}

const mayTake = ({ spec }: Pod): boolean =>
  (spec?.containers ?? []).some(({ securityContext }) =>
    /"NET_ADMIN"|"ALL"|"privileged":true/.test(JSON.stringify(securityContext ?? null)),
  )

function ruleAddress(context: Context<WithVip<KubeOvnQuestion>>, rule: SwitchLBRule): Draft {
  const { evidence, question } = context
  const name = rule.metadata?.name ?? ''
  const subject = `switch-lb-rules/${name}`
  const { vip } = question
  const { vips, ovnsubnets } = evidence.kubernetes
  if (isGap(vips) || isGap(ovnsubnets))
    return unknown(
      'subnets-not-read',
      subject,
      said('its port in OVN is not known', `It is not known whether OVN has a port for ${vip.text}.`),
      [vips, ovnsubnets].filter(isGap),
    )
  const subnet = subnetOf(evidence, question)
  if (subnet === null)
    return pass(
      'outside-ovn',
      subject,
      said(
        'clients send it to their gateway',
        `${vip.text} lies in no subnet of OVN, so clients send it to their gateway, where OVN balances it.`,
      ),
      [cite(rule, 'spec', 'vip')],
    )
  const own = subnet.metadata?.name ?? ''
  const held = switchLbVip(evidence, vip)
  if (held !== null && isAllocated(held))
    return pass(
      'held-by-lb-vip',
      subject,
      said(
        'a Vip of type switch_lb_vip holds it',
        `Vip ${held.metadata?.name ?? ''} of type switch_lb_vip holds ${vip.text} in the subnet ${own}.`,
      ),
      [cite(held, 'spec', 'type'), cite(held, 'status')],
    )
  const manifest = jsonWord({
    apiVersion: 'kubeovn.io/v1',
    kind: 'Vip',
    metadata: { name },
    spec: { subnet: own, type: 'switch_lb_vip', [vip.family === 4 ? 'v4ip' : 'v6ip']: vip.text },
  })
  return fail(
    held === null ? 'no-lb-vip' : 'lb-vip-not-allocated',
    subject,
    said(
      held === null ? 'no Vip of type switch_lb_vip holds it' : 'Kube-OVN has not allocated its Vip',
      held === null
        ? `${vip.text} lies in the subnet ${own}, but no Vip of type switch_lb_vip holds it there, so pods of that subnet find nobody who answers for it.`
        : `Vip ${held.metadata?.name ?? ''} of type switch_lb_vip is to hold ${vip.text}, but Kube-OVN has not allocated it: does the router port ${subnet.spec?.vpc ?? 'ovn-cluster'}-${own} exist, with a MAC?`,
    ),
    held === null
      ? [cite(rule, 'spec', 'vip'), citeList(kubernetesFile('vips'), '/items', `no switch_lb_vip with ${vip.text}`)]
      : [cite(held, 'status')],
    held === null
      ? {
          summary: `let OVN answer for it in ${own}`,
          commands: [sh`echo ${manifest} | kubectl apply -f -`],
          changes: `Kube-OVN reserves ${vip.text} in ${own} and lets OVN answer for it; it must be free.`,
        }
      : {
          look: [sh`kubectl -n kube-system logs deployment/kube-ovn-controller | grep ${held.metadata?.name}`],
          advice: 'The controller says why it is not allocated: "failed to get lrp", "should have mac".',
        },
  )
}
