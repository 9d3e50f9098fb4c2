import { addressAndPort } from '../../net/port.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { proxyOn } from '../about/kube-proxy.ts'
import { deadly, isDraft, shareDyingOf } from '../about/traced.ts'

export default defineCheck({
  id: 'translation/no-endpoints-reject',
  after: 'translation/no-local-endpoint',
  title: 'kube-proxy does not reject the packet for want of endpoints',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  consequenceOf: ['endpoint/ready', 'translation/ipvs-no-destination'],
  run: (context) => {
    const { evidence, question, node } = context
    const proxy = proxyOn(evidence, node)
    const share = shareDyingOf(context, ['no-endpoints'])
    if (isDraft(share)) return [share]
    const vip = addressAndPort(question.vip.text, question.port.port)
    const wrong = deadly(context, share, {
      reason: 'rejected',
      brief: ({ outcome }) =>
        outcome.fate.kind === 'dropped'
          ? 'dropped for want of endpoints'
          : 'kube-proxy rejects it for want of endpoints',
      says: (example) =>
        `${proxy} on ${node} ${example.outcome.fate.kind === 'dropped' ? 'drops' : 'rejects'} packets for ${vip} because the Service has no endpoints${example.outcome.fate.kind === 'rejected' ? ` (${example.outcome.fate.with})` : ''}.`,
      fix: () => ({
        look: [
          sh`kubectl -n ${question.service.metadata?.namespace ?? 'default'} get endpointslices -l kubernetes.io/service-name=${question.service.metadata?.name}`,
        ],
        advice: `If ready endpoints are listed, ${proxy} on ${node} is behind: restart it there.`,
      }),
    })
    return [
      wrong ??
        pass(
          'nothing-rejected',
          `node/${node}`,
          said(`${proxy} rejects nothing`, `${proxy} on ${node} rejects nothing for ${vip}.`),
          [],
        ),
    ]
  },
  docs: {
    means:
      'kube-proxy knows no endpoint of the Service and answers with an ICMP error: the client sees a refused connection, or an unreachable host from a node. Its first try may time out, since the kernel limits such answers.',
    byHand:
      'iptables-save -t filter | grep "has no endpoints"; in nftables mode the map no-endpoint-services; in IPVS mode a virtual server without real servers.',
    mend: 'Give the Service a ready pod; see endpoint/ready. If it has one, kube-proxy has not heard of it: look at its log.',
    sources: [
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go ("has no endpoints")',
      'Linux net/ipv4/icmp.c (icmpv4_xrlim_allow)',
    ],
  },
})
