import { isGap } from '../../evidence/gap.ts'
import { kubeProxyProcesses, serviceRules } from '../../node/service-proxy.ts'
import { ebpfOn } from '../../node/ebpf.ts'
import { kubeProxyImage, podOn, replacementOn, rivalsOn } from '../../node/replacements.ts'
import { inWords } from '../../net/words.ts'
import { sh } from '../../net/shell.ts'
import { translatorReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, unknown, warn } from '../finding.ts'

export default defineCheck({
  id: 'translation/two-proxies',
  title: 'One program handles Services on the node',
  needs: [],
  alsoReads: [...translatorReads, 'kubernetes/configmaps', 'kubernetes/pods'],
  about: ['service'],
  ofCluster: true,
  blocks: true,
  each: 'receiving',
  run: ({ evidence, node }) => {
    const here = evidence.node(node)
    const subject = `node/${node}`
    const proxies = kubeProxyProcesses(here)
    // Without the node's processes its pods tell: kubeadm and most others run kube-proxy as one.
    const pod = isGap(here.processes) ? podOn(evidence, node, kubeProxyImage) : null
    const proxy = proxies[0] ?? pod
    const rivals = rivalsOn(evidence, node)
    const rules = serviceRules(here)
    const claims = [...(proxy === null ? [] : [{ name: 'kube-proxy', proof: proxy }]), ...rivals]
    if (claims.length > 1) {
      const names = inWords(claims.map(({ name }) => name))
      const proof = [...claims.map((one) => one.proof), ...(rules === null ? [] : [rules.proof])]
      const more = {
        fix: {
          summary: pod === null ? `take kube-proxy off ${node}` : 'take kube-proxy off all nodes',
          commands:
            pod === null
              ? [sh`ssh ${node} sudo systemctl disable --now kube-proxy`, sh`ssh ${node} sudo kube-proxy --cleanup`]
              : [
                  'kubectl -n kube-system get daemonset kube-proxy -o yaml > kube-proxy.before.yaml',
                  'kubectl -n kube-system delete daemonset kube-proxy',
                ],
          changes: `Leaves the Services of ${node} to ${inWords(rivals.map(({ name }) => name))}. If kube-proxy shall handle them, turn the service proxy of the other off instead; never both.`,
        },
      }
      const first = ebpfOn(evidence, node)
      const both = `${names} handle Services on ${node} at once`
      return [
        first === null
          ? unknown(
              'several-proxies',
              subject,
              said(
                `${names} handle Services`,
                `${both}; which of them gets this packet cannot be read from the node’s rules.`,
              ),
              [],
              proof,
              more,
            )
          : warn(
              'first-of-several',
              subject,
              said(
                `${names} handle Services`,
                `${both}; ${first.name} takes the packet before any rule of kube-proxy sees it.`,
              ),
              proof,
              { ...more, blocks: false },
            ),
      ]
    }
    const own = proxies.filter(({ value }) => typeof value === 'string' && isKubeProxyItself.test(value))
    if (own.length > 1)
      return [
        warn(
          'two-kube-proxies',
          subject,
          said(
            `${String(own.length)} kube-proxies take turns`,
            `${String(own.length)} kube-proxies run on ${node}: they take turns to write its rules, and only one has the ports 10249 and 10256.`,
          ),
          own,
          {
            blocks: false,
            fix: {
              look: [
                sh`ssh ${node} sudo systemctl status kube-proxy --no-pager`,
                sh`kubectl -n kube-system get daemonset kube-proxy -o wide`,
              ],
              advice: 'A unit of the node and a DaemonSet may both start one. Keep one of them.',
            },
          },
        ),
      ]
    const other = replacementOn(evidence, node)
    if (other !== null)
      return [
        pass(
          'only-other',
          subject,
          said(`only ${other.name} handles Services`, `Only ${other.name} handles Services on ${node}.`),
          [other.proof],
        ),
      ]
    const [only] = claims
    return only === undefined
      ? [skipped('none-seen', subject, `No program that handles Services was seen on ${node}.`)]
      : [
          pass(
            'only-kube-proxy',
            subject,
            said(`only ${only.name} handles Services`, `Only ${only.name} handles Services on ${node}.`),
            [only.proof],
          ),
        ]
  },
  docs: {
    means:
      'Two programs handle Services on one node: a kube-proxy beside a CNI plugin that replaces it (Cilium, Calico’s eBPF data plane, kube-router, Antrea with proxyAll), or two kube-proxies, one of the node and one of a DaemonSet. An eBPF replacement takes packets before iptables sees them (where its table is in the evidence, that is what is judged); two kube-proxies write over each other’s rules.',
    byHand:
      'On the node: ps -eo pid,args | grep -e kube-proxy -e cilium-agent -e kube-router; ip link | grep -e cilium_host -e bpfin -e kube-dummy-if; kubectl -n kube-system get configmap cilium-config -o yaml | grep kube-proxy-replacement.',
    mend: 'Decide who handles Services, stop the other, and take its rules away (kube-proxy --cleanup).',
    sources: [
      'Cilium documentation, "Kubernetes Without kube-proxy"',
      'Calico documentation, "Enable the eBPF data plane: Avoid conflicts with kube-proxy"',
      'kube-router documentation, "User guide: --run-service-proxy"',
    ],
  },
})

/** A line of `ps -eo pid,args` whose program is kube-proxy, and not a shell or a supervisor that started it. */
const isKubeProxyItself = /^\s*(?:\d+\s+)?(?:\S*\/)?kube-proxy(?:\s|$)/
