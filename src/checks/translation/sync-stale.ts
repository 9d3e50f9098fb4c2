import { gap, isGap, known } from '../../evidence/gap.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import { ofFamily, samplesOf } from '../../node/metrics.ts'
import { healthOf } from '../../node/proxy-health.ts'
import { translatorReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, unknown, warn } from '../finding.ts'
import { journalOf, noKubeProxy, restartOn } from '../about/kube-proxy.ts'

/** kube-proxy calls itself unhealthy after twice its sync period, 60 s by default (kubernetes v1.34.4 pkg/proxy/healthcheck/proxy_health.go). */
const patienceSeconds = 60

export default defineCheck({
  id: 'translation/sync-stale',
  after: 'translation/two-proxies',
  title: 'kube-proxy has written what it was told',
  needs: [],
  alsoReads: [...translatorReads, 'node/kube-proxy-metrics', 'node/healthz'],
  about: ['service'],
  blocks: false,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const here = evidence.node(node)
    const subject = `node/${node}`
    const absent = noKubeProxy(context)
    if (absent !== null) return [absent]
    const metrics = here.kubeProxyMetrics
    const notRead = said(
      'time of kube-proxy’s last sync not read',
      `It is not known when kube-proxy on ${node} last wrote its rules.`,
    )
    if (isGap(metrics)) return [unknown('metrics-not-read', subject, notRead, [metrics])]
    const family = question.vip.family
    const sample = (name: string) =>
      samplesOf(metrics, `kubeproxy_sync_proxy_rules_${name}`).find((one) => ofFamily(one, family))
    const written = sample('last_timestamp_seconds')
    const queued = sample('last_queued_timestamp_seconds')
    const fix = restartOn(
      evidence,
      node,
      'A restart makes kube-proxy write all of its rules anew. If it cannot, its journal says why: it cannot write them, or cannot read from the API server.',
      [journalOf(evidence, node)],
    )
    if (written === undefined)
      return [
        unknown('time-not-known', subject, notRead, [
          gap(nodeFile(node, 'kubeProxyMetrics'), 'has no kubeproxy_sync_proxy_rules_last_timestamp_seconds'),
        ]),
      ]
    if (written.value === 0)
      return [
        warn(
          'never-written',
          subject,
          said(
            'kube-proxy has not written its rules once',
            `kube-proxy on ${node} has not written its rules once since it started: it has not received the Services and endpoints, or cannot write.`,
          ),
          [written.proof],
          { fix },
        ),
      ]
    const health = healthOf(here)
    if (health?.healthy === false)
      return [
        warn(
          'not-healthy',
          subject,
          said(
            'kube-proxy says that it is not healthy',
            `kube-proxy on ${node} says of itself that it is not healthy: changes are waiting that it cannot write.`,
          ),
          [health.proof, written.proof],
          { fix },
        ),
      ]
    const nowMs = health?.nowMs ?? Date.parse(known(evidence.time) ?? '')
    const waited = queued === undefined ? 0 : nowMs / 1000 - queued.value
    if (queued !== undefined && queued.value > written.value && waited > patienceSeconds)
      return [
        warn(
          'change-waiting',
          subject,
          said(
            `kube-proxy leaves a change unwritten for ${String(Math.round(waited))} s`,
            `A change has waited for ${String(Math.round(waited))} s on ${node} and kube-proxy has not written it: the rules are older than what the API server says.`,
          ),
          [queued.proof, written.proof],
          { fix },
        ),
      ]
    return [
      pass(
        'in-sync',
        subject,
        said('kube-proxy has written every change', `kube-proxy on ${node} has written every change that it got.`),
        [written.proof],
      ),
    ]
  },
  docs: {
    means:
      'kube-proxy runs and does not get its rules into the kernel, or never got the list of Services: the node goes on with rules of an earlier time, or with none. A healthy /healthz is no proof of the contrary, for it says nothing about the API server; an old time of the last sync is no fault by itself, for nothing may have changed since.',
    byHand:
      'On the node: curl -s http://127.0.0.1:10249/metrics | grep -e last_timestamp_seconds -e last_queued_timestamp_seconds -e failures_total. The queued time must not stay above the written one; 0 means never.',
    mend: 'Read kube-proxy’s log: a lock held by another program (xtables lock), a rule that the kernel refuses, a kubeconfig with the wrong API server.',
    sources: [
      'kubernetes v1.34.4 pkg/proxy/metrics/metrics.go, pkg/proxy/healthcheck/proxy_health.go',
      'Kubernetes documentation, "Debug Services: Is kube-proxy writing rules?"',
    ],
  },
})
