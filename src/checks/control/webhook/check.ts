import { cite } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { isGap } from '../../../evidence/gap.ts'
import { sh } from '../../../net/shell.ts'
import { keepingFromPools } from '../../about/no-pools.ts'
import { configMapEra } from '../../../lb/metallb/config-map.ts'
import { perEvidence } from '../../../evidence/memo.ts'
import { metallbWebhooks, type Webhooks } from '../../../lb/metallb/webhook.ts'
import { inWords } from '../../../net/words.ts'
import { hostsOffCluster, proxiedApiServer } from '../../../journey/api-server-pods.ts'
import { defineCheck } from '../../check.ts'
import { fail, pass, said, skipped, warn, type Draft } from '../../finding.ts'
import { whyDeaf } from './deaf.ts'

export default defineCheck({
  id: 'control/webhook',
  title: 'MetalLB’s webhook can answer, and the API server can trust it',
  needs: ['kubernetes/validatingwebhookconfigurations', 'kubernetes/services', 'kubernetes/endpointslices'],
  alsoReads: [
    'kubernetes/pods',
    'kubernetes/nodes',
    'kubernetes/configmaps',
    'kubernetes/networkpolicies',
    'kubernetes/ipaddresspools',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'node/iptables-nft',
    'node/iptables-legacy',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: ({ evidence }) =>
    configMapEra(evidence) === null || 'MetalLB up to 0.12 is configured by a ConfigMap, which no webhook looks at.',
  blocks: false,
  consequenceOf: ['control/controller', 'forwarding/cni-ready'],
  run: ({ evidence, question }) => keepingFromPools(evidence, question, judged(evidence)),
  docs: {
    means:
      'The API server shows every change of a pool, an advertisement or a peer to MetalLB’s webhook first, and refuses it where the webhook cannot be asked: no ready endpoint ("connection refused"), no caBundle by which to trust it ("x509: certificate signed by unknown authority"), no such Service, a Service that selects pods of somebody else, a NetworkPolicy that does not let in the API server (which is on the network of its host, so that rules by label never mean it), or an HTTP proxy in between. VIPs that are there stay; pools and advertisements can be neither made nor mended: where there is no pool yet, that is why.',
    byHand:
      'kubectl -n metallb-system get endpointslices -l kubernetes.io/service-name=metallb-webhook-service; kubectl get validatingwebhookconfigurations metallb-webhook-configuration -o jsonpath={.webhooks[*].clientConfig.caBundle}; on a host of the control plane, curl -k https://CLUSTER-IP of the webhook.',
    mend: 'Make the controller ready; restart it so that it injects the caBundle (delete a stale Secret metallb-webhook-cert first); add .svc and the Service range to NO_PROXY of kube-apiserver. Where the API server’s host is no node of the cluster it needs kube-proxy and a route to the pods, or a controller on the host network.',
    sources: [
      'MetalLB v0.16.1 config/webhook, config/manifests/metallb-native.yaml (failurePolicy Fail)',
      'metallb/metallb issues 1540, 1547, 1597, 1612 and 2486',
      'Kubernetes documentation, "Dynamic Admission Control"',
    ],
  },
})

/** The same for every VIP, and asked of ten thousand. */
const judged = perEvidence((evidence: Evidence): readonly Draft[] => {
  const webhooks = metallbWebhooks(evidence)
  if (webhooks === null)
    return [
      skipped(
        'no-webhook',
        'service/metallb-system/metallb-webhook-service',
        'MetalLB has no webhook in the evidence.',
      ),
    ]
  const { configuration, entries, name } = webhooks
  const subject = `service/${name}`
  const policy = entries.map((index) => configuration.webhooks?.[index]?.failurePolicy)
  const wrong = whyDeaf(evidence, webhooks)
  if (wrong === null) return [proxied(evidence, subject, webhooks) ?? answers(evidence, subject, webhooks)]
  if (policy.every((one) => one === 'Ignore'))
    return [
      pass(
        'broken-and-ignored',
        subject,
        said(
          'changes are admitted unseen',
          `${wrong.says}; its failurePolicy is Ignore, so changes are admitted unseen.`,
        ),
        wrong.proof,
      ),
    ]
  return [
    fail(
      'broken',
      subject,
      said(
        'changes of pools and advertisements are refused',
        `${wrong.says}: changes of pools, advertisements and peers are refused (${wrong.error}).`,
      ),
      wrong.proof,
      wrong.remedy,
    ),
  ]
})

/** An API server that asks for everything by a proxy asks for the webhook by it too, unless NO_PROXY names it. */
function proxied(evidence: Evidence, subject: string, { name, service }: Webhooks): Draft | null {
  const found = proxiedApiServer(evidence, name, service?.spec?.clusterIP)
  if (found === null) return null
  return warn(
    'through-proxy',
    subject,
    said(
      'the API server asks a proxy for the webhook',
      `kube-apiserver ${found.pod} sends its requests through ${found.by}, and its NO_PROXY (${found.noProxy}) names neither .svc nor ${service?.spec?.clusterIP ?? 'the ClusterIP'}: it asks the proxy for MetalLB’s webhook, and changes of pools fail.`,
    ),
    found.proof,
    {
      fix: {
        look: [sh`ssh ${found.node} sudo grep -n -i proxy /etc/kubernetes/manifests/kube-apiserver.yaml`],
        advice:
          'Add .svc, .cluster.local and the ranges of Services and pods to NO_PROXY there. The kubelet then starts the API server anew.',
      },
    },
  )
}

function answers(evidence: Evidence, subject: string, { configuration, entries, name }: Webhooks): Draft {
  const hosts = hostsOffCluster(evidence)
  const remark =
    isGap(hosts) || hosts.length === 0
      ? ''
      : `. The API server at ${inWords(hosts.map(({ address }) => address))} runs on no node: its host needs kube-proxy, and a route to the pods, of its own`
  return pass(
    'ready',
    subject,
    said(
      'MetalLB’s webhook can answer',
      `Service ${name} of MetalLB’s webhook has a ready endpoint, and the API server its caBundle${remark}.`,
    ),
    [
      cite(configuration, 'webhooks', entries[0] ?? 0, 'clientConfig', 'service'),
      ...(isGap(hosts) ? [] : hosts.map(({ proof }) => proof)),
    ],
  )
}
