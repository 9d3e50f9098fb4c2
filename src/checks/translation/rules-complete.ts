import { isGap } from '../../evidence/gap.ts'
import { ruleCounts } from '../../node/rule-count.ts'
import { inWords } from '../../net/words.ts'
import { translatorReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, unknown, warn } from '../finding.ts'
import { noKubeProxy, restartOn } from '../about/kube-proxy.ts'

export default defineCheck({
  id: 'translation/rules-complete',
  after: 'translation/sync-stale',
  title: 'The node has exactly the rules that kube-proxy wrote',
  needs: [],
  alsoReads: [...translatorReads, 'node/kube-proxy-metrics'],
  about: ['service'],
  blocks: false,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const subject = `node/${node}`
    const absent = noKubeProxy(context)
    if (absent !== null) return [absent]
    const { kubeProxyMetrics } = evidence.node(node)
    if (isGap(kubeProxyMetrics))
      return [
        unknown(
          'count-not-read',
          subject,
          said('kube-proxy’s metrics not read', `It is not known how many rules kube-proxy wrote on ${node}.`),
          [kubeProxyMetrics],
        ),
      ]
    const counts = ruleCounts(evidence.node(node), question.vip.family)
    if (counts.length === 0)
      return [
        skipped(
          'not-reported',
          subject,
          `kube-proxy on ${node} does not say how many rules it wrote: only newer releases in iptables mode do.`,
        ),
      ]
    const odd = counts.filter(({ written, found }) => written !== found)
    if (odd.length === 0)
      return [
        pass(
          'complete',
          subject,
          said(
            'every rule of kube-proxy is there',
            `${node} has as many rules of kube-proxy as kube-proxy wrote there.`,
          ),
          counts.flatMap(({ proof }) => proof),
        ),
      ]
    const differences = inWords(
      odd.map(
        ({ table, written, found }) =>
          `${String(found)} rules in table ${table} where kube-proxy wrote ${String(written)}`,
      ),
    )
    const fewer = odd.some(({ written, found }) => found < written)
    const more = odd.some(({ written, found }) => found > written)
    const why =
      fewer && more
        ? 'rules were taken away and others added'
        : fewer
          ? 'rules were taken away'
          : 'rules are left over or were added'
    return [
      warn(
        'incomplete',
        subject,
        said(
          fewer ? 'rules of kube-proxy were taken away' : 'rules that kube-proxy did not write',
          `${node} has ${differences}: ${why} since, or the rules were read during a change.`,
        ),
        odd.flatMap(({ proof }) => proof),
        {
          fix: restartOn(
            evidence,
            node,
            `kube-proxy writes every rule of ${node} anew when it starts. Find out what changed them (a firewall’s reload, iptables -F, an earlier kube-proxy), or it will happen again.`,
          ),
        },
      ),
    ]
  },
  docs: {
    means:
      'kube-proxy counts the rules that it writes. Another number is loaded: somebody took rules away or added some behind its back. It rewrites only what belongs to a changed Service, so damage stays for up to about two hours, until its next full sync.',
    byHand:
      'On the node: curl -s http://127.0.0.1:10249/metrics | grep iptables_total, against iptables-save -t nat | grep -c -- "-A KUBE-" (the same for table filter).',
    mend: 'Restart kube-proxy, and stop what changes its rules.',
    sources: [
      'kubernetes v1.34.4 pkg/proxy/metrics/metrics.go (sync_proxy_rules_iptables_total)',
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go (syncProxyRules: a full sync after an hour)',
    ],
  },
})
