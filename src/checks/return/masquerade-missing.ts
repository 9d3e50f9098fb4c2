import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { restartOn } from '../about/kube-proxy.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'
import { placeOf } from '../../journey/translator.ts'
import { lostAnswer } from '../../journey/lost-answer.ts'

export default defineCheck({
  id: 'return/masquerade-missing',
  after: 'return/rp-filter',
  title: 'The answer of a pod on another node comes back through the node that translated',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads, 'kubernetes/pods'],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  consequenceOf: ['translation/jump-missing', 'translation/hostname-override'],
  run: (context) => {
    const { evidence, node } = context
    const share = shareLost(context, (journey) => lostAnswer(evidence, node, journey))
    if (isDraft(share)) return [share]
    const wrong = deadly(context, share, {
      reason: 'not-masqueraded',
      brief: 'the pod answers past the node',
      says: ({ outcome }) =>
        `${node} sends the packet on to ${placeOf(outcome)} on another node with the client’s own address ${outcome.packet.source.text}: the pod answers the client directly, from an address that the client never asked.`,
      fix: () =>
        restartOn(evidence, node, 'kube-proxy writes the rules that mark and masquerade anew.', [
          sh`ssh ${node} sudo iptables-save -t nat | grep -e KUBE-POSTROUTING -e KUBE-MARK-MASQ`,
        ]),
    })
    return [
      wrong ??
        pass(
          'masqueraded',
          `node/${node}`,
          said(
            'the answer comes back through the node',
            `What ${node} sends on to other nodes carries an address of its own, or stays local.`,
          ),
          [],
        ),
    ]
  },
  docs: {
    means:
      'A packet that is passed on to a pod of another node must carry an address of the passing node, or the answer goes past it: then it is not translated back, and the client drops it. kube-proxy marks such packets and masquerades them in POSTROUTING; here the mark or the rule is missing, or other software clears the mark.',
    byHand:
      'iptables-save -t nat: KUBE-EXT-… jumps to KUBE-MARK-MASQ, POSTROUTING to KUBE-POSTROUTING, which ends in MASQUERADE (nftables mode: chains mark-for-masquerade and masquerading). tcpdump on the pod’s node shows the client’s address as source.',
    mend: 'Restart kube-proxy. If it comes back, look for what clears the mark 0x4000 in table mangle.',
    sources: [
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go (KUBE-MARK-MASQ, KUBE-POSTROUTING)',
      'Kubernetes documentation, "Using Source IP"',
    ],
  },
})
