import { citeFile, cite, citeLine, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../evidence/gap.ts'
import { addressesOfPod, podsOn } from '../../evidence/kubernetes/pods.ts'
import { perEvidenceBy } from '../../evidence/memo.ts'
import { type Family } from '../../net/address.ts'
import { parseCidr, rangeHas } from '../../net/range.ts'
import { record } from '../../evidence/node/nft.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Remedy } from '../finding.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'

export default defineCheck({
  id: 'forwarding/bridge-nf-call',
  after: 'forwarding/pod-neighbour-failed',
  title: 'What stays on the pods’ bridge passes the packet filter',
  needs: [],
  alsoReads: [
    'node/sysctl',
    'node/ip-link',
    'node/ip-addr',
    'node/ip-route',
    'node/iptables-nft',
    'node/nft-ruleset',
    'kubernetes/pods',
  ],
  about: ['service'],
  blocks: true,
  each: 'endpoint',
  run: (context) => {
    const { evidence, question, node } = context
    const subject = `node/${node}`
    const { sysctl, ipLink } = evidence.node(node)
    const gaps = gapsAmong(sysctl, ipLink)
    if (isGap(sysctl) || gaps.length > 0)
      return [
        {
          ...unknown(
            'sysctl-not-read',
            subject,
            said(
              'the bridge’s settings are not read',
              `It is not known whether what stays on the pods’ bridge of ${node} passes its packet filter.`,
            ),
            gaps,
          ),
          // Only a pod of that node as client would notice.
          blocks: context.receiving.by === 'client',
        },
      ]
    const family = question.vip.family
    const bridge = podBridge(evidence, node, family)
    if (bridge === null) return [skipped('no-bridge', subject, `The pods of ${node} hang on no bridge of its kernel.`)]
    const name = family === 4 ? 'net.bridge.bridge-nf-call-iptables' : 'net.bridge.bridge-nf-call-ip6tables'
    const value = sysctl.values.get(name)
    const line = sysctl.lines.get(name)
    const proof =
      line === undefined
        ? [citeFile(sysctl.file, `${String(sysctl.values.size)} settings, no ${name}`)]
        : [citeLine(sysctl.file, line, `${name} = ${value ?? ''}`)]
    if (value === '1' || bridge.filtered)
      return [
        pass(
          'passes-filter',
          subject,
          said(
            'what stays on the bridge is filtered, too',
            `What stays on ${bridge.name} of ${node} passes the packet filter.`,
          ),
          proof,
        ),
      ]
    const sentence = `${name} ${value === undefined ? `is not there (br_netfilter is not loaded)` : `is ${value}`} on ${node}: between two pods on ${bridge.name} answers go past the packet filter, so a pod that calls a Service whose endpoint is on the same bridge gets its answer from an address that it never asked`
    const fix = {
      summary: `filter what stays on bridges of ${node}`,
      commands: [
        sh`ssh ${node} sudo modprobe br_netfilter`,
        sh`ssh ${node} sudo sysctl -w ${name}=1`,
        sh`ssh ${node} "echo br_netfilter | sudo tee /etc/modules-load.d/kubernetes.conf; echo ${name}=1 | sudo tee /etc/sysctl.d/90-bridge.conf"`,
      ],
      changes: `All traffic on every bridge of ${node} passes iptables from then on, also after a reboot.`,
    }
    const wrong = lostOnBridge(context, bridge.name, sentence, fix)
    return [
      wrong === null
        ? warn(
            'past-filter',
            subject,
            said('pods of one bridge answer past the filter', `${sentence}. Clients outside of ${node} do not notice.`),
            [...proof, bridge.proof],
            { fix, blocks: false },
          )
        : { ...wrong, proof: [...proof, bridge.proof, ...wrong.proof] },
    ]
  },
  docs: {
    means:
      'Pods of one node hang on one bridge. A pod calls a Service, the node translates to another pod of the same bridge, and that answers to its neighbour directly: a bridge hands the frame over without asking iptables, the answer is not translated back, and the caller refuses it. With net.bridge.bridge-nf-call-iptables the bridge asks. Packets of clients outside, and those that the node masquerades, come back through the node and need no such setting.',
    byHand:
      'sysctl net.bridge.bridge-nf-call-iptables (no such file: br_netfilter is not loaded); lsmod | grep br_netfilter.',
    mend: 'Load br_netfilter, set the setting to 1, and write both down so that they survive a reboot.',
    sources: [
      'Kubernetes documentation, "Network Plugins: Network Plugin Requirements"',
      'Linux net/bridge/br_netfilter_hooks.c (br_nf_pre_routing)',
    ],
  },
})

interface PodBridge {
  readonly name: string
  /** The bridge itself is set to ask iptables, whatever the sysctl says. */
  readonly filtered: boolean
  readonly proof: Proof
}

/** The bridge in whose subnet a pod of the node has its address: the same for every VIP of a family. */
const podBridge = perEvidenceBy((node: string, family: Family) => `${String(family)} ${node}`, findPodBridge)

function findPodBridge(evidence: Evidence, node: string, family: Family): PodBridge | null {
  const { ipLink, ipAddr } = evidence.node(node)
  const pods = podsOn(evidence, node).flatMap((pod) => (pod.spec?.hostNetwork === true ? [] : addressesOfPod(pod)))
  const subnets = (known(ipAddr) ?? []).flatMap(({ ifname, addr_info }) =>
    (addr_info ?? []).flatMap(({ local, prefixlen }) => {
      const range = parseCidr(`${local ?? ''}/${String(prefixlen)}`)
      return range?.family === family ? [{ ifname, range }] : []
    }),
  )
  const link = (known(ipLink) ?? []).find(
    ({ ifname, linkinfo }) =>
      linkinfo?.info_kind === 'bridge' &&
      subnets.some((one) => one.ifname === ifname && pods.some((pod) => rangeHas(one.range, pod))),
  )
  if (link === undefined) return null
  const option = record(link.linkinfo?.info_data)[family === 4 ? 'nf_call_iptables' : 'nf_call_ip6tables']
  return { name: link.ifname ?? '', filtered: option === 1, proof: cite(link, 'ifname') }
}

/** The finding for a pod as client whose packet is translated to its own bridge and keeps its source: its answer is lost. */
function lostOnBridge(context: ServiceNodeContext, bridge: string, sentence: string, fix: Remedy) {
  const { receiving, node } = context
  if (receiving.by !== 'client' || !receiving.nodes.includes(node)) return null
  const share = shareLost(context, ({ first }) => {
    const { fate, packet } = first
    return fate.kind === 'delivered' &&
      fate.device === bridge &&
      packet.inDevice === bridge &&
      packet.sourceNat === null
      ? { death: null, node: null, outcome: first, step: first.steps.at(-1) ?? null }
      : null
  })
  return isDraft(share)
    ? null
    : deadly(context, share, {
        reason: 'answer-past-filter',
        brief: 'answers go past the packet filter',
        says: () => `${sentence}.`,
        fix: () => fix,
      })
}
