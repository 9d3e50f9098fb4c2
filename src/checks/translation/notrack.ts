import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass } from '../finding.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'
import { autopsy } from '../../node/death.ts'

export default defineCheck({
  id: 'translation/notrack',
  after: 'translation/rules-complete',
  title: 'Connection tracking sees the packet, so that it can be translated',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { node } = context
    const share = shareLost(context, (journey) => {
      const { packet, steps } = journey.first
      const rule = packet.tracked ? undefined : steps.find(({ did }) => did === 'notrack')
      const found = rule === undefined ? null : autopsy(journey)
      if (found?.death !== 'untranslated' || rule === undefined) return null
      // What decided is the rule that took the packet out of tracking, wherever it ended after that.
      return { ...found, step: rule, outcome: { ...found.outcome, steps: [rule] } }
    })
    if (isDraft(share)) return [share]
    const wrong = deadly(context, share, {
      reason: 'not-tracked',
      says: ({ step }) =>
        `On ${node} chain ${step?.chain ?? ''} of table ${step?.table ?? ''} takes the packet out of connection tracking (NOTRACK), so no rule can translate it.`,
      fix: ({ step }) => ({
        commands: [
          `ssh ${node} sudo iptables -t ${step?.table ?? 'raw'} -L ${step?.chain ?? 'PREROUTING'} -n -v --line-numbers`,
        ],
        changes:
          'Shows the chain with its line numbers. Narrow the rule so that it leaves the VIPs out, where it was made (a tuning script, NodeLocal DNSCache, a firewall).',
      }),
    })
    return [wrong ?? pass('tracked', `node/${node}`, `${node} tracks the connection.`, [])]
  },
  docs: {
    means:
      'A rule in table raw (or a native chain at its priority) marks the packet as not tracked. Translation is done by connection tracking: an untracked packet passes every nat rule by, and keeps the VIP as its destination.',
    byHand: 'iptables-save -t raw; nft list ruleset | grep notrack.',
    mend: 'Take the VIP’s range and port out of the rule.',
    sources: [
      'iptables-extensions(8), CT and NOTRACK',
      'Linux net/netfilter/nf_nat_core.c (nf_nat_inet_fn: no conntrack, no translation)',
    ],
  },
})
