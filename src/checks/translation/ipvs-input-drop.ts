import { addressAndPort } from '../../net/port.ts'
import { autopsy } from '../../node/death.ts'
import { serviceRules, virtualServers } from '../../node/service-proxy.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped } from '../finding.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'

export default defineCheck({
  id: 'translation/ipvs-input-drop',
  after: 'translation/notrack',
  title: 'The node’s INPUT rules let the packet through to IPVS',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const here = evidence.node(node)
    if (serviceRules(here)?.mode !== 'ipvs')
      return [
        skipped('no-ipvs', `node/${node}`, `${node} has no virtual servers of IPVS: VIPs do not pass its INPUT rules.`),
      ]
    const services = virtualServers(here)?.services ?? []
    const share = shareLost(context, (journey) => {
      const found = autopsy(journey)
      if (found?.death !== 'filtered-before' || found.step?.hook !== 'INPUT') return null
      // What kube-proxy's own chains refuse there is a port that it does not serve.
      if (found.step.chain.startsWith('KUBE-')) return null
      const { destination, destinationPort } = found.outcome.packet
      return services.some(({ address, port }) => address.text === destination.text && port === destinationPort)
        ? found
        : null
    })
    if (isDraft(share)) return [share]
    const vip = addressAndPort(question.vip.text, question.port.port)
    const wrong = deadly(context, share, {
      reason: ({ outcome }) => (outcome.fate.kind === 'rejected' ? 'rejected' : 'dropped'),
      brief: ({ outcome }) => `INPUT ${outcome.fate.kind === 'rejected' ? 'rejects' : 'drops'} it before IPVS`,
      says: ({ outcome, step }) =>
        `${node} ${outcome.fate.kind === 'rejected' ? 'rejects' : 'drops'} the packet to ${vip} in ${step?.table ?? ''} chain ${step?.chain ?? ''}, before IPVS can translate it: in IPVS mode a VIP is an address of the node and passes its INPUT rules.`,
      fix: () => ({
        summary: `admit the VIP on ${node}`,
        commands: [
          sh`ssh ${node} sudo ${question.vip.family === 6 ? 'ip6tables' : 'iptables'} -I INPUT -d ${question.vip.text} -p ${question.port.protocol} --dport ${question.port.port} -j ACCEPT`,
        ],
        changes: `Holds for this port, until the next boot or until the firewall is loaded anew; write it into the firewall’s own configuration (ufw allow, firewall-cmd --add-port) on every node.`,
      }),
    })
    return [
      wrong ??
        pass(
          'lets-through',
          `node/${node}`,
          said('INPUT lets it through to IPVS', `The INPUT rules of ${node} let the packet through to IPVS.`),
          [],
        ),
    ]
  },
  docs: {
    means:
      'In IPVS mode the VIP is an address of the node (on kube-ipvs0), so the packet passes the INPUT chain like one for a daemon of the host; in the other modes it passes FORWARD. A host firewall that drops what it does not know in INPUT cuts off the VIP.',
    byHand: 'iptables -L INPUT -n -v, nft list ruleset (base chains of hook input): policy and counters of drops.',
    mend: 'Admit the VIP’s port in the host’s firewall, or use iptables or nftables mode.',
    sources: [
      'Linux net/netfilter/ipvs/ip_vs_core.c (ip_vs_ops: LOCAL_IN behind NF_IP_PRI_FILTER)',
      'kubernetes v1.34.4 pkg/proxy/ipvs/README.md',
    ],
  },
})
