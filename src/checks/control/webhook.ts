import { cite, citeList, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { kubernetesFile, objectName, type EndpointSlice, type Service } from '../../evidence/kubernetes/kinds.ts'
import { nodeNamesByAddress } from '../../evidence/kubernetes/nodes-by-name.ts'
import { podsOf } from '../../lb/endpoints.ts'
import { admits, policiesOf, policyEnforcer } from '../../lb/policy.ts'
import type { Address } from '../../net/address.ts'
import { rangeOf } from '../../net/range.ts'
import { jsonWord, sh, type Command } from '../../net/shell.ts'
import { apiServerAddresses } from '../../journey/api-servers.ts'
import { keepingFromPools } from '../about/no-pools.ts'
import { configMapEra } from '../../lb/metallb/config-map.ts'
import { isReady, metallbPods } from '../../lb/metallb/install.ts'
import { perEvidence } from '../../evidence/memo.ts'
import { metallbWebhooks, type Webhooks } from '../../lb/metallb/webhook.ts'
import { counted, inWords } from '../../net/words.ts'
import { hostsOffCluster, proxiedApiServer } from '../../journey/api-server-pods.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, skipped, warn, type Draft } from '../finding.ts'

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
      'Facts ML-W01, ML-W02, ML-W03, ML-W04',
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
        `${wrong.says}; its failurePolicy is Ignore, so changes are admitted unseen.`,
        wrong.proof,
      ),
    ]
  return [
    fail(
      'broken',
      subject,
      `${wrong.says}: changes of pools, advertisements and peers are refused (${wrong.error}).`,
      wrong.proof,
      {
        commands: wrong.commands,
        changes: wrong.changes,
      },
    ),
  ]
})

interface Deaf {
  readonly says: string
  /** What kubectl apply says. */
  readonly error: string
  readonly proof: readonly Proof[]
  readonly commands: readonly (string | Command)[]
  readonly changes: string
}

/** Why the API server cannot ask the webhook; null where the objects show nothing. */
function whyDeaf(evidence: Evidence, { configuration, entries, name, service, port }: Webhooks): Deaf | null {
  const [namespace = '', short = ''] = name.split('/')
  const [first = 0] = entries
  const restart = {
    commands: [`kubectl -n ${namespace} rollout restart deployment controller`],
    changes: 'The controller starts anew and writes its certificate into the webhook configuration; VIPs stay.',
  }
  if (service === null)
    return {
      says: `There is no Service ${name}, which MetalLB’s webhooks name`,
      error: `service "${short}" not found`,
      proof: [
        cite(configuration, 'webhooks', first, 'clientConfig', 'service'),
        citeList(kubernetesFile('services'), '/items', `no ${name} among them`),
      ],
      commands: [`kubectl get validatingwebhookconfigurations ${configuration.metadata?.name ?? ''} -o yaml`],
      changes:
        'Shows what is left of an older installation: the configuration of a MetalLB that is gone must go too, or the manifests be applied again.',
    }
  const bare = entries.filter((index) => (configuration.webhooks?.[index]?.clientConfig?.caBundle ?? '') === '')
  if (bare.length > 0)
    return {
      says: `${counted(bare.length, 'webhook')} of MetalLB ${bare.length === 1 ? 'has' : 'have'} no caBundle`,
      error: 'x509: certificate signed by unknown authority',
      proof: bare.slice(0, 1).map((index) => cite(configuration, 'webhooks', index, 'clientConfig', 'caBundle')),
      ...restart,
    }
  const controllers = known(metallbPods(evidence, 'controller')) ?? []
  const off = controllers.find(({ spec }) =>
    (spec?.containers ?? []).some(({ args = [] }) => args.includes('--webhook-mode=disabled')),
  )
  if (off !== undefined)
    return {
      says: 'MetalLB’s controller was started with --webhook-mode=disabled, and its webhooks are still registered',
      error: 'connection refused',
      proof: [cite(off, 'spec', 'containers'), cite(configuration, 'metadata', 'name')],
      commands: [`kubectl delete validatingwebhookconfigurations ${configuration.metadata?.name ?? ''}`],
      changes: 'Changes are then admitted without being looked at; the controller still refuses what it cannot read.',
    }
  const slices = (known(evidence.kubernetes.endpointslices) ?? []).filter(
    ({ metadata }) => metadata?.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === short,
  )
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? [])
  const ready = endpoints.filter(({ conditions }) => conditions?.ready ?? true)
  if (ready.length > 0)
    return strangers(evidence, { name, service, slices }) ?? shutOff(evidence, { name, port, service })
  return {
    says: `Service ${name} of MetalLB’s webhook has no ready endpoint${controllers.some(isReady) ? ', although the controller is ready' : ''}`,
    error: 'connection refused',
    proof:
      slices.length === 0
        ? [citeList(kubernetesFile('endpointslices'), '/items', `none of ${name}`), cite(service, 'spec', 'selector')]
        : [...slices.map((slice) => cite(slice, 'endpoints')), cite(service, 'spec', 'selector')],
    commands: [
      `kubectl -n ${namespace} get pods --show-labels`,
      `kubectl -n ${namespace} get service ${short} -o jsonpath={.spec.selector}`,
    ],
    changes: 'Shows whether a ready controller has the labels that the Service selects.',
  }
}

/** Endpoints of the webhook's Service that are pods of somebody else: a selector that means more than MetalLB's controller. */
function strangers(
  evidence: Evidence,
  { name, service, slices }: { name: string; service: Service; slices: readonly EndpointSlice[] },
): Deaf | null {
  const own = known(metallbPods(evidence, 'controller'))?.map(objectName)
  if (own === undefined) return null
  const found = slices.flatMap((slice) =>
    (slice.endpoints ?? []).flatMap(({ targetRef, conditions }, index) =>
      targetRef?.kind === 'Pod' &&
      (conditions?.ready ?? true) &&
      !own.includes(`${targetRef.namespace ?? ''}/${targetRef.name ?? ''}`)
        ? [{ pod: `${targetRef.namespace ?? ''}/${targetRef.name ?? ''}`, proof: cite(slice, 'endpoints', index) }]
        : [],
    ),
  )
  const [namespace = '', short = ''] = name.split('/')
  const selector = jsonWord({ spec: { selector: { app: 'metallb', component: 'controller' } } })
  return found.length === 0
    ? null
    : {
        says: `Service ${name} of MetalLB’s webhook sends to ${inWords(found.map(({ pod }) => pod))}, ${found.length === 1 ? 'which is no controller' : 'which are no controllers'} of MetalLB`,
        error: 'connection refused, or a certificate that is not trusted',
        proof: [...found.map(({ proof }) => proof), cite(service, 'spec', 'selector')],
        commands: [sh`kubectl -n ${namespace} patch service ${short} -p ${selector}`],
        changes: 'The Service then sends to pods with both labels of MetalLB’s manifests alone.',
      }
}

/** NetworkPolicies that let no API server in: those are hosts, which no rule by label means. */
function shutOff(
  evidence: Evidence,
  { name, port, service }: { name: string; port: number; service: Service },
): Deaf | null {
  const enforcer = policyEnforcer(evidence)
  const servers = known(apiServerAddresses(evidence)) ?? []
  if (enforcer === null || servers.length === 0) return null
  const pods = (known(podsOf(evidence, service)) ?? []).filter(({ spec }) => spec?.hostNetwork !== true)
  const shut = pods.flatMap((pod) => {
    const policies = policiesOf(evidence, pod)
    const others = servers.filter(({ text }) => nodeNamesByAddress(evidence).get(text) !== pod.spec?.nodeName)
    const lets = (address: Address) => policies.some((one) => admits(one, pod, rangeOf(address), 'tcp', port))
    // A policy with blocks may mean the address that a tunnel gives the host: that is not judged.
    const byBlock = policies.some(({ spec }) =>
      (spec?.ingress ?? []).some(({ from = [] }) => from.some(({ ipBlock }) => ipBlock !== undefined)),
    )
    return policies.length === 0 || byBlock || others.length === 0 || others.some(lets) ? [] : policies
  })
  const policies = [...new Set(shut)]
  if (policies.length === 0) return null
  const [namespace = ''] = name.split('/')
  const policy = jsonWord({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'metallb-webhook', namespace },
    spec: {
      podSelector: { matchLabels: service.spec?.selector ?? {} },
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ protocol: 'TCP', port }] }],
    },
  })
  return {
    says: `${inWords(policies.map(objectName))} ${policies.length === 1 ? 'lets' : 'let'} no API server in at MetalLB’s webhook (tcp/${String(port)}), and ${enforcer} enforces that`,
    error: 'context deadline exceeded',
    proof: policies.map((one) => cite(one, 'spec')),
    commands: [sh`echo ${policy} | kubectl apply -f -`],
    changes: 'Anybody may then connect to the webhook, and to no other port of the controller; policies add up.',
  }
}

/** An API server that asks for everything by a proxy asks for the webhook by it too, unless NO_PROXY names it. */
function proxied(evidence: Evidence, subject: string, { name, service }: Webhooks): Draft | null {
  const found = proxiedApiServer(evidence, name, service?.spec?.clusterIP)
  if (found === null) return null
  return warn(
    'through-proxy',
    subject,
    `kube-apiserver ${found.pod} sends its requests through ${found.by}, and its NO_PROXY (${found.noProxy}) names neither .svc nor ${service?.spec?.clusterIP ?? 'the ClusterIP'}: it asks the proxy for MetalLB’s webhook, and changes of pools fail.`,
    found.proof,
    {
      fix: {
        commands: [`ssh ${found.node} sudo grep -n -i proxy /etc/kubernetes/manifests/kube-apiserver.yaml`],
        changes:
          'Shows the variables; add .svc, .cluster.local and the ranges of Services and pods to NO_PROXY there. The kubelet then starts the API server anew.',
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
    `Service ${name} of MetalLB’s webhook has a ready endpoint, and the API server its caBundle${remark}.`,
    [
      cite(configuration, 'webhooks', entries[0] ?? 0, 'clientConfig', 'service'),
      ...(isGap(hosts) ? [] : hosts.map(({ proof }) => proof)),
    ],
  )
}
