import { cite, citeList } from '../../../evidence/cite.ts'
import { isGap, known } from '../../../evidence/gap.ts'
import { announcing } from '../../../lb/announcers.ts'
import { boundAnywhere } from '../../../lb/kube-vip/bound.ts'
import { unreadAmong } from '../../../lb/kube-vip/nodes.ts'
import { kubeVipPods, podsServing, setsServing, type KubeVipPod } from '../../../lb/kube-vip/pods.ts'
import { kubeVipContainer } from '../../../lb/kube-vip/settings.ts'
import { isReady } from '../../../lb/metallb/install.ts'
import { whyNotReady } from '../../../lb/metallb/not-ready.ts'
import { settingOf } from '../../../node/proxy-settings.ts'
import { virtualServers } from '../../../node/service-proxy.ts'
import { bitsOf, sameAddress } from '../../../net/address.ts'
import { counted, inWords } from '../../../net/words.ts'
import { hangsOnAnnouncement } from '../../../fabric/index.ts'
import { sh } from '../../../net/shell.ts'
import { defineCheck, type Context } from '../../check.ts'
import { fail, pass, said, type Draft } from '../../finding.ts'
import { settingCommands } from '../../about/kube-vip-edit.ts'
import { withoutPod } from './without-pod.ts'
import { vipAsNodeAddress, vipAsOwnAddress } from './own-address.ts'

export default defineCheck({
  id: 'control/kube-vip',
  after: 'control/memberlist',
  title: 'kube-vip’s pods are ready, with settings that it accepts',
  needs: ['kubernetes/pods'],
  alsoReads: [
    'kubernetes/nodes',
    'kubernetes/daemonsets',
    'kubernetes/events',
    'kubernetes/leases',
    'node/ip-addr',
    'node/proc-net-ip-vs',
    'node/ipvsadm',
    'node/proxy-mode',
    'node/kube-proxy-config',
    'node/kube-proxy-configz',
    'node/processes',
    'kubernetes/configmaps',
    'aws/network-interfaces',
    'node/ip-link',
  ],
  appliesTo: ({ evidence, question }) => {
    const pods = kubeVipPods(evidence)
    if (isGap(pods)) return true
    if (pods.length === 0 && setsServing(evidence, question).length === 0) return 'kube-vip is not installed.'
    return (
      question.about !== 'service' ||
      pods.some(({ settings }) => settings.services) ||
      'kube-vip serves the control plane only.'
    )
  },
  blocks: false,
  consequenceOf: ['forwarding/cni-ready'],
  run: (context) => {
    const { evidence, question } = context
    const own = podsServing(evidence, question)
    const pods = own.length > 0 ? own : (known(kubeVipPods(evidence)) ?? []).filter(({ settings }) => settings.services)
    const wrong = [
      ...(own.length === 0 ? withoutPod(context) : []),
      ...refused(pods),
      ...unready(context, pods),
      ...severalLeaders(pods),
      ...vipAsNodeAddress(context),
      ...vipAsOwnAddress(context, pods),
      ...balancerLost(context, pods),
    ]
    if (wrong.length > 0) return wrong
    const [first] = pods
    const modes = first === undefined ? '' : ` in ${modeName[first.settings.modes[0] ?? 'arp']} mode`
    return [
      pass(
        'ready',
        'pods/kube-vip',
        said(
          `${counted(pods.length, 'kube-vip pod')} ${pods.length === 1 ? 'is' : 'are'} ready`,
          `${pods.length === 1 ? 'The kube-vip pod is' : `All ${String(pods.length)} kube-vip pods are`} ready${modes}, on ${inWords(pods.flatMap(({ node }) => node ?? []))}.`,
        ),
        pods.slice(0, 4).map(({ pod }) => cite(pod, 'status', 'phase')),
      ),
    ]
  },
  docs: {
    means:
      'kube-vip cannot do its work: its DaemonSet has no pod, its pods are not ready, or its settings are such that the process ends (no mode or several of vip_arp, bgp_enable, vip_routingtable, vip_wireguard; neither cp_enable nor svc_enable), or that several nodes take the address at once (ARP without leader election), or the VIP has become the node’s own address in Kubernetes, or was a machine’s own address before.',
    byHand:
      'kubectl -n kube-system get pods -o wide | grep kube-vip; kubectl -n kube-system logs POD. The log ends with "no valid kube-vip mode detected", "multiple kube-vip modes detected" or "no features are enabled". kubectl get nodes -o wide: no INTERNAL-IP may be the VIP.',
    mend: 'Correct the environment in /etc/kubernetes/manifests/kube-vip.yaml on each node of the control plane, or of the DaemonSet kube-vip-ds. Pin the kubelet’s address with --node-ip, and Calico’s with IP_AUTODETECTION_METHOD=kubernetes-internal-ip.',
    sources: [
      'kube-vip v1.2.3 cmd/kube-vip.go, pkg/kubevip/config_envvar.go',
      'kube-vip documentation, "ARP"; kube-vip issue 682',
      'kube-vip issues 454, 745, 1288',
    ],
  },
})

const modeName = { arp: 'ARP', bgp: 'BGP', table: 'routing table', wireguard: 'WireGuard' }

/** One finding a pod whose settings end the process; the pods of a DaemonSet share theirs, so only the first of each kind is told. */
function refused(pods: readonly KubeVipPod[]): readonly Draft[] {
  const told = new Set<string>()
  return pods.flatMap((one) => {
    const { modes, controlPlane, services } = one.settings
    const why =
      modes.length === 0
        ? 'no mode is on (vip_arp, bgp_enable, vip_routingtable, vip_wireguard)'
        : modes.length > 1
          ? `${counted(modes.length, 'mode')} are on at once: ${inWords(modes.map((mode) => modeName[mode]))}`
          : controlPlane || services
            ? null
            : 'neither cp_enable nor svc_enable is on'
    if (why === null || told.has(why)) return []
    told.add(why)
    const name = one.pod.metadata?.name ?? ''
    const at = (one.pod.spec?.containers ?? []).findIndex((container) => container === kubeVipContainer(one.pod))
    return [
      fail(
        'fails-at-start',
        `pod/${name}`,
        said('kube-vip ends as soon as it starts', `kube-vip in ${name} ends as soon as it starts: ${why}.`),
        [cite(one.pod, 'spec', 'containers', Math.max(at, 0), 'env')],
        {
          summary: 'correct the settings of kube-vip',
          commands: settingCommands([one]),
          changes: 'With exactly one mode and at least one of cp_enable and svc_enable, kube-vip starts.',
        },
      ),
    ]
  })
}

function unready({ evidence, question }: Context, pods: readonly KubeVipPod[]): readonly Draft[] {
  const wrong = pods.flatMap((one) => {
    const why = whyNotReady(one.pod)
    return why === null ? [] : [{ ...one, why }]
  })
  const [first] = wrong
  if (first === undefined) return []
  const { vip } = question
  const nodes = pods.flatMap(({ node }) => node ?? [])
  const nobody =
    !pods.some(({ pod }) => isReady(pod)) &&
    vip !== null &&
    boundAnywhere(evidence, vip).length === 0 &&
    unreadAmong(evidence, nodes).length === 0
  const each = wrong.map(({ pod, node, why }) => `${pod.metadata?.name ?? ''} on ${node ?? 'no node'} ${why.says}`)
  const { namespace = 'kube-system', name } = first.pod.metadata ?? {}
  return [
    fail(
      'not-ready',
      'pods/kube-vip',
      said(
        `${String(wrong.length)} of ${counted(pods.length, 'kube-vip pod')} ${wrong.length === 1 ? 'is' : 'are'} not ready`,
        `${String(wrong.length)} of ${counted(pods.length, 'kube-vip pod')} ${wrong.length === 1 ? 'is' : 'are'} not ready: ${each.join('; ')}.`,
      ),
      wrong.map(({ why }) => why.proof),
      {
        look: [
          sh`kubectl -n ${namespace} logs ${name} --previous --tail=20`,
          sh`kubectl -n ${namespace} describe pod ${name}`,
        ],
      },
      { blocks: nobody && (hangsOnAnnouncement(question) || question.about !== 'service') },
    ),
  ]
}

/** By ARP without leader election every pod takes the control plane's address. */
function severalLeaders(pods: readonly KubeVipPod[]): readonly Draft[] {
  const without = pods.filter(
    ({ settings }) => settings.controlPlane && settings.modes[0] === 'arp' && !settings.leaderElection,
  )
  const [first] = without
  if (first === undefined || without.length < 2) return []
  return [
    fail(
      'no-leader-election',
      'pods/kube-vip',
      said(
        'kube-vip elects no leader: several take it',
        `${counted(without.length, 'kube-vip pod')} elect no leader (vip_leaderelection is not true), so ${inWords(without.flatMap(({ node }) => node ?? []))} all take ${first.settings.address ?? 'the VIP'} by ARP.`,
      ),
      without.slice(0, 4).map(({ pod }) => cite(pod, 'spec', 'containers', 0, 'env')),
      {
        summary: 'let kube-vip elect a leader (vip_leaderelection)',
        commands: settingCommands(without, { name: 'vip_leaderelection', value: 'true' }),
        changes:
          'In a manifest set the variable vip_leaderelection to "true". One node at a time then holds the address.',
      },
    ),
  ]
}

/** With `lb_enable` the leader balances the control plane by IPVS; a kube-proxy in IPVS mode deletes what it does not know. */
function balancerLost({ evidence, question }: Context, pods: readonly KubeVipPod[]): readonly Draft[] {
  if (question.about !== 'control-plane' || !pods.some(({ settings }) => settings.ipvs)) return []
  const { vip, port } = question
  return (known(announcing(evidence, question).observed) ?? []).flatMap((node) => {
    const here = evidence.node(node)
    const table = virtualServers(here)
    const mode = known(here.proxyMode)?.lines[0]?.trim() ?? settingOf(evidence, here, 'mode')?.value
    if (table === null || mode !== 'ipvs') return []
    const there = table.services.some((one) => sameAddress(one.address, vip) && one.port === port.port)
    return there
      ? []
      : [
          fail(
            'no-ipvs-service',
            `node/${node}`,
            said(
              'kube-proxy deletes the IPVS service of kube-vip',
              `kube-vip is to balance ${vip.text}:${String(port.port)} by IPVS (lb_enable), but ${node} has no such IPVS service: kube-proxy in IPVS mode deletes what is not its own.`,
            ),
            [
              citeList(
                table.file,
                '',
                `${String(table.services.length)} services, none is ${vip.text}:${String(port.port)}`,
              ),
            ],
            {
              summary: 'let kube-proxy leave the VIP alone (excludeCIDRs)',
              commands: [
                'kubectl -n kube-system get configmap kube-proxy -o yaml > kube-proxy.before.yaml',
                'kubectl -n kube-system edit configmap kube-proxy',
              ],
              changes: `With ${vip.text}/${String(bitsOf(vip.family))} in ipvs.excludeCIDRs kube-proxy leaves the service alone; start the kube-proxies again.`,
            },
          ),
        ]
  })
}
