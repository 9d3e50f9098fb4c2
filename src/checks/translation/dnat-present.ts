import { isAtNodePort } from '../../evidence/question.ts'
import { addressAndPort, portText } from '../../net/port.ts'
import { counted, inWords } from '../../net/words.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped } from '../finding.ts'
import { restartOn } from '../about/kube-proxy.ts'
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
    const wrong = deadly(context, share, {
      reason: 'not-translated',
      brief: 'the node does not translate the VIP',
      says: (example) =>
        `${node} does not translate ${vip}: ${example.outcome.fate.kind === 'local' ? 'the packet goes to the node itself' : 'the packet is sent on as it is'}, and no pod sees it.`,
      fix: () =>
        isAtNodePort(question)
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
      'vipdoctor trace VIP --node NODE --client ADDRESS shows the decision rule by rule. Or read it: iptables-save -t nat, from PREROUTING through KUBE-SERVICES, KUBE-EXT-…, KUBE-SVC-… to KUBE-SEP-…; in nftables mode the map service-ips of table kube-proxy; in IPVS mode ipvsadm -Ln.',
    mend: 'Restart kube-proxy on the node; if its rules do not come back, read its log.',
    sources: [
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go (syncProxyRules), pkg/proxy/nftables/proxier.go, pkg/proxy/ipvs/proxier.go',
      'Linux net/netfilter/nf_nat_core.c (nf_nat_inet_fn)',
    ],
  },
})
