import { isAtNodePort } from '../../evidence/question.ts'
import { addressAndPort, portText } from '../../net/port.ts'
import { counted, inWords } from '../../net/words.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, unknown } from '../finding.ts'
import { ebpfOn } from '../../node/ebpf.ts'
import type { Loss } from '../../journey/lost-answer.ts'
import { proxyOn, restartOn } from '../about/kube-proxy.ts'
import { arrivals, deadly, isDraft, proofOf, shareDyingOf } from '../about/traced.ts'

export default defineCheck({
  id: 'translation/dnat-present',
  after: 'translation/session-affinity',
  title: 'The node translates the VIP to an endpoint',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  consequenceOf: [
    'assignment/ip-families',
    'translation/kube-proxy-running',
    'translation/notrack',
    'translation/jump-missing',
  ],
  run: (context) => {
    const { evidence, question, node } = context
    const vip = addressAndPort(question.vip.text, question.port.port)
    const save = question.vip.family === 6 ? 'ip6tables' : 'iptables'
    const share = shareDyingOf(context, ['untranslated'])
    if (isDraft(share)) return [share]
    const ebpf = ebpfOn(evidence, node)
    // Cilium's programs see only what comes in by the devices that they are attached to.
    const passedBy = ({ outcome: { packet } }: Loss): string | null =>
      ebpf !== null && packet.inDevice !== null && ebpf.devices?.includes(packet.inDevice) === false
        ? packet.inDevice
        : null
    const wrong = deadly(context, share, {
      reason: (example) => (passedBy(example) === null ? 'not-translated' : 'device-not-attached'),
      brief: 'the node does not translate the VIP',
      says: (example) =>
        passedBy(example) !== null
          ? `${node} does not translate ${vip}: the packet comes in by ${passedBy(example) ?? ''}, and Cilium is attached to ${inWords(ebpf?.devices ?? [])} only.`
          : `${node} does not translate ${vip}: ${example.outcome.fate.kind === 'local' ? 'the packet goes to the node itself' : 'the packet is sent on as it is'}, and no pod sees it.`,
      fix: (example) =>
        passedBy(example) !== null
          ? {
              look: [sh`kubectl -n kube-system get configmap cilium-config -o yaml`],
              advice: `Name ${passedBy(example) ?? ''} among the devices of Cilium (Helm value \`devices\`, key \`devices\` of cilium-config) and restart its agents.`,
            }
          : ebpf === null && isAtNodePort(question)
            ? {
                look: [
                  sh`ssh ${node} sudo ${save}-save -t nat | grep -e KUBE-NODEPORTS`,
                  sh`ssh ${node} curl -s http://127.0.0.1:10249/configz`,
                ],
                advice: `kube-proxy takes NodePorts at the addresses of its nodePortAddresses only (in nftables mode, where none are named, at the node’s primary one); where ${question.vip.text} should be among them, name its range there and restart kube-proxy.`,
              }
            : restartOn(evidence, node, `kube-proxy writes every rule of ${node} anew.`, [
                sh`ssh ${node} sudo ${save}-save -t nat | grep ${question.vip.text}`,
              ]),
    })
    if (wrong !== null) return [wrong]
    const proxied = share.trace.parts.flatMap(({ journeys }) =>
      journeys.flatMap(({ first }) =>
        first.steps.filter(({ backend, did }) => backend === 'ebpf' && did === 'redirect'),
      ),
    )
    if (proxied.length > 0)
      return [
        unknown(
          'handed-to-proxy',
          `node/${node}`,
          said(
            'handed to a proxy of the node',
            `${proxyOn(evidence, node)} on ${node} hands ${vip} to its own proxy (Envoy); where that sends it is not in the evidence.`,
          ),
          [],
          proofOf(proxied.slice(0, 1)),
        ),
      ]
    const places = arrivals(share.trace)
    const [first] = places
    if (first === undefined)
      return [skipped('ends-before', `node/${node}`, `On ${node} the packet ends before it is translated.`)]
    const where = inWords(places.map(({ place, share: part }) => `${place} (${String(Math.round(part * 100))} %)`))
    return [
      pass(
        'translated',
        `node/${node}`,
        said(
          places.length <= 2
            ? `goes to ${inWords(places.map(({ place }) => place))}`
            : `goes to ${counted(places.length, 'endpoint')}`,
          `${node} translates ${vip} (${portText(question.port).split('/')[0] ?? ''}) to ${where}.`,
        ),
        proofOf(first.journey.first.steps.slice(-4)),
      ),
    ]
  },
  docs: {
    means:
      'The packet reaches the node, and no rule of it turns the VIP into the address of a pod: kube-proxy has not written the rule, somebody removed it, or its chains are not hooked. The node takes the packet for its own, or sends it back where it came from.',
    byHand:
      'vipdoctor trace VIP --node NODE --client ADDRESS shows the decision rule by rule. Or read it: iptables-save -t nat, from PREROUTING through KUBE-SERVICES, KUBE-EXT-…, KUBE-SVC-… to KUBE-SEP-…; in nftables mode the map service-ips of table kube-proxy; in IPVS mode ipvsadm -Ln; of Cilium cilium-dbg bpf lb list, of Calico’s eBPF data plane calico-node -bpf nat dump.',
    mend: 'Restart kube-proxy on the node; if its rules do not come back, read its log.',
    sources: [
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go (syncProxyRules), pkg/proxy/nftables/proxier.go, pkg/proxy/ipvs/proxier.go',
      'Linux net/netfilter/nf_nat_core.c (nf_nat_inet_fn)',
      'cilium/cilium v1.18.0 bpf/lib/nodeport.h, cilium-dbg/cmd/bpf_lb_list.go; projectcalico/calico v3.30.0 felix/bpf-gpl/nat_lookup.h',
    ],
  },
})
