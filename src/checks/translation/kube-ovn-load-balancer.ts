import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { podNamed } from '../../evidence/kubernetes/pods.ts'
import { subnetNameOf, subnetNamed, subnetOf } from '../../lb/kube-ovn/vips.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said } from '../finding.ts'

export default defineCheck({
  id: 'translation/kube-ovn-load-balancer',
  after: 'translation/kube-proxy-running',
  title: 'OVN’s load balancer is switched on where the client is attached',
  needs: ['kubernetes/ovnsubnets'],
  alsoReads: ['kubernetes/deployments', 'kubernetes/pods'],
  about: ['kube-ovn'],
  appliesTo: ({ question }) =>
    question.kubeOvn.rule !== null || 'A Vip is not translated: its pods hold the address themselves.',
  blocks: true,
  run: ({ evidence, question }) => {
    const { client, vip } = question
    const { rule } = question.kubeOvn
    if (rule === null) return []
    const subject = `switch-lb-rules/${rule.metadata?.name ?? ''}`
    const off = switchedOff(evidence)
    if (off !== null)
      return [
        fail(
          'controller-off',
          subject,
          said(
            'kube-ovn-controller makes no load balancers',
            'kube-ovn-controller runs with --enable-lb=false, so OVN has no load balancers at all.',
          ),
          [cite(off.controller, 'spec', 'template', 'spec', 'containers', off.container, 'args')],
          {
            summary: 'let kube-ovn-controller make load balancers',
            commands: [
              sh`kubectl -n ${off.controller.metadata?.namespace} patch deployment ${off.controller.metadata?.name} --type=json -p ${jsonWord([{ op: 'replace', path: `/spec/template/spec/containers/${String(off.container)}/args/${String(off.arg)}`, value: '--enable-lb=true' }])}`,
            ],
            changes: 'The controller restarts, and makes OVN’s load balancers for Services and rules.',
          },
        ),
      ]
    const pod = client.kind === 'pod' ? podNamed(evidence, `${client.namespace}/${client.name}`) : undefined
    const subnet = pod === undefined ? subnetOf(evidence, question) : subnetNamed(evidence, subnetNameOf(pod) ?? '')
    const name = subnet?.metadata?.name ?? ''
    if (subnet?.spec?.enableLb === false)
      return [
        fail(
          'subnet-off',
          subject,
          said(
            'the subnet has enableLb false',
            `The subnet ${name} has enableLb false, so OVN does not balance ${vip.text} for its pods.`,
          ),
          [cite(subnet, 'spec', 'enableLb')],
          {
            summary: `balance for the pods of ${name}`,
            commands: [sh`kubectl patch subnet ${name} --type merge -p '{"spec":{"enableLb":true}}'`],
            changes: `OVN’s load balancers work for the pods of ${name}, those of Services too.`,
          },
        ),
      ]
    return [
      pass(
        'balanced',
        subject,
        said(
          'OVN balances the VIP',
          `OVN balances ${vip.text}${name === '' ? '' : ` for the pods of the subnet ${name}`}.`,
        ),
        [cite(rule, 'spec', 'ports')],
      ),
    ]
  },
  docs: {
    means:
      'A SwitchLBRule is a load balancer of OVN. It works only for pods on a switch to which load balancers are attached: the subnet’s enableLb, or the controller’s --enable-lb, is off.',
    byHand:
      'kubectl get subnet NAME -o jsonpath={.spec.enableLb}; kubectl ko nbctl lb-list | grep VIP; kubectl -n kube-system get deployment kube-ovn-controller -o yaml | grep enable-lb.',
    mend: 'Set enableLb true on the subnet of the clients, and --enable-lb=true for kube-ovn-controller.',
    sources: [
      'Kube-OVN documentation, "VPC Internal Load Balancing"',
      'kube-ovn v1.16.2 pkg/controller/switch_lb_rule.go',
    ],
  },
})

/** The argument by which the controller is told to make no load balancers. */
function switchedOff({ kubernetes: { deployments } }: Evidence) {
  const controller = (known(deployments) ?? []).find(({ metadata }) => metadata?.name === 'kube-ovn-controller')
  const containers = controller?.spec?.template?.spec?.containers ?? []
  const container = containers.findIndex(({ args = [] }) => args.includes('--enable-lb=false'))
  return controller === undefined || container === -1
    ? null
    : { controller, container, arg: containers[container]?.args?.indexOf('--enable-lb=false') ?? 0 }
}
