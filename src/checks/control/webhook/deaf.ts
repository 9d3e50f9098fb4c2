import { cite, citeList, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { known } from '../../../evidence/gap.ts'
import { fileOfSlices } from '../../../evidence/kubernetes/endpoints.ts'
import { kubernetesFile, objectName, type EndpointSlice, type Service } from '../../../evidence/kubernetes/kinds.ts'
import { nodeNamesByAddress } from '../../../evidence/kubernetes/nodes-by-name.ts'
import { podsOf } from '../../../lb/endpoints.ts'
import { admits, policiesOf, policyEnforcer } from '../../../lb/policy.ts'
import type { Address } from '../../../net/address.ts'
import { rangeOf } from '../../../net/range.ts'
import { jsonWord, sh } from '../../../net/shell.ts'
import { apiServerAddresses } from '../../../journey/api-servers.ts'
import { isReady, metallbPods } from '../../../lb/metallb/install.ts'
import { type Webhooks } from '../../../lb/metallb/webhook.ts'
import { counted, inWords } from '../../../net/words.ts'
import { type Remedy } from '../../finding.ts'

/** Why the webhook cannot be asked, as a clause, and what kubectl then says. */
export interface Deaf {
  readonly says: string
  /** What kubectl apply says. */
  readonly error: string
  readonly proof: readonly Proof[]
  readonly remedy: Remedy
}

/** Why the API server cannot ask the webhook; null where the objects show nothing. */
export function whyDeaf(evidence: Evidence, { configuration, entries, name, service, port }: Webhooks): Deaf | null {
  const [namespace = '', short = ''] = name.split('/')
  const [first = 0] = entries
  const remedy: Remedy = {
    summary: 'restart MetalLB’s controller',
    commands: [sh`kubectl -n ${namespace} rollout restart deployment controller`],
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
      remedy: {
        look: [sh`kubectl get validatingwebhookconfigurations ${configuration.metadata?.name} -o yaml`],
        advice:
          'The configuration of a MetalLB that is gone must go too; where MetalLB is to stay, apply its manifests again.',
      },
    }
  const bare = entries.filter((index) => (configuration.webhooks?.[index]?.clientConfig?.caBundle ?? '') === '')
  if (bare.length > 0)
    return {
      says: `${counted(bare.length, 'webhook')} of MetalLB ${bare.length === 1 ? 'has' : 'have'} no caBundle`,
      error: 'x509: certificate signed by unknown authority',
      proof: bare.slice(0, 1).map((index) => cite(configuration, 'webhooks', index, 'clientConfig', 'caBundle')),
      remedy,
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
      remedy: {
        summary: 'delete the registration of its webhooks',
        commands: [sh`kubectl delete validatingwebhookconfigurations ${configuration.metadata?.name}`],
        changes: 'Changes are then admitted without being looked at; the controller still refuses what it cannot read.',
      },
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
        ? [
            citeList(fileOfSlices(evidence.kubernetes.endpointslices), '/items', `none of ${name}`),
            cite(service, 'spec', 'selector'),
          ]
        : [...slices.map((slice) => cite(slice, 'endpoints')), cite(service, 'spec', 'selector')],
    remedy: {
      look: [
        sh`kubectl -n ${namespace} get pods --show-labels`,
        sh`kubectl -n ${namespace} get service ${short} -o 'jsonpath={.spec.selector}'`,
      ],
      advice: 'A ready controller must have the labels that the Service selects.',
    },
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
        remedy: {
          summary: 'let the Service select MetalLB’s controller alone',
          commands: [sh`kubectl -n ${namespace} patch service ${short} -p ${selector}`],
          changes: 'The Service then sends to pods with both labels of MetalLB’s manifests alone.',
        },
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
    remedy: {
      summary: 'let API servers in at the webhook',
      commands: [sh`echo ${policy} | kubectl apply -f -`],
      changes: 'Anybody may then connect to the webhook, and to no other port of the controller; policies add up.',
    },
  }
}
