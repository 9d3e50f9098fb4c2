import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { removals } from '../about/rule-removal.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'
import { autopsy, passesUntranslated } from '../../node/death.ts'

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
    const { node, question } = context
    const share = shareLost(context, (journey) => {
      const { packet, steps } = journey.first
      const rule = packet.tracked ? undefined : steps.find(({ did }) => did === 'notrack')
      const found = rule === undefined ? null : autopsy(journey)
      if (found === null || rule === undefined || !passesUntranslated(journey)) return null
      // What decided is the rule that took the packet out of tracking, wherever it ended after that.
      return { ...found, step: rule, outcome: { ...found.outcome, steps: [rule] } }
    })
    if (isDraft(share)) return [share]
    const wrong = deadly(context, share, {
      reason: 'not-tracked',
      brief: 'a rule takes it out of tracking',
      says: ({ step }) =>
        `On ${node} chain ${step.chain} of table ${step.table} takes the packet out of connection tracking (NOTRACK), so no rule can translate it.`,
      fix: (_, { losses }) => ({
        look: [sh`ssh ${node} sudo iptables-save -t raw`, sh`ssh ${node} "sudo nft list ruleset | grep notrack"`],
        summary: `track the connection on ${node} again`,
        commands: removals(node, losses, question.vip.family === 6 ? 'ip6' : 'ip'),
        changes:
          'Takes the rule away for all that it is about, until whatever made it (a tuning script, NodeLocal DNSCache, a firewall) makes it again: leave the VIPs out of it there.',
      }),
    })
    return [
      wrong ?? pass('tracked', `node/${node}`, said('the connection is tracked', `${node} tracks the connection.`), []),
    ]
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
