import type { Evidence } from '../../../evidence/evidence.ts'
import { known } from '../../../evidence/gap.ts'
import type { Pod } from '../../../evidence/kubernetes/kinds.ts'
import { announcing } from '../../../lb/announcers.ts'
import type { Endpoint } from '../../../lb/endpoints.ts'
import { ciliumPolicy, policiesOf } from '../../../lb/policy.ts'
import { prefixesOf } from '../../../net/range.ts'
import { jsonWord, sh } from '../../../net/shell.ts'
import { inWords } from '../../../net/words.ts'
import type { ServiceContext } from '../../check.ts'
import type { Remedy } from '../../finding.ts'
import { addressesOf, type Admission } from './admission.ts'

/**
 * A policy of its own for what is shut out: policies add up, so what one admits is admitted, and none that is there has to be widened. With
 * Cluster it names every node that may take in the packet, so that it holds when another one does.
 */
export function fixOf(
  { evidence, question }: ServiceContext,
  shut: readonly (Admission & { readonly pod: Pod; readonly endpoint: Endpoint })[],
): Remedy {
  const { port, service } = question
  const policies = [...new Set(shut.flatMap(({ pod }) => policiesOf(evidence, pod)))]
  const look = policies.map(
    ({ metadata }) => sh`kubectl -n ${metadata?.namespace} describe networkpolicy ${metadata?.name}`,
  )
  const next = shut.some(({ fromNode }) => fromNode) ? (known(announcing(evidence, question).eligible) ?? []) : []
  const sources = [...shut.flatMap(({ peers }) => peers), ...next.flatMap((node) => addressesOf(evidence, node))]
  const from = [
    ...new Set(
      sources
        .filter(({ family }) => family === question.vip.family)
        .flatMap(prefixesOf)
        .map(({ text }) => text),
    ),
  ].map((cidr) => ({ ipBlock: { cidr } }))
  const ports = [...new Set(shut.map(({ endpoint }) => endpoint.port))].map((one) => ({
    protocol: port.protocol.toUpperCase(),
    port: one,
  }))
  const local = service.spec?.externalTrafficPolicy === 'Local'
  const seen = local ? '' : ' Pods see the node’s address, not the client’s.'
  const { selector } = service.spec ?? {}
  if (from.length === 0 || selector === undefined)
    return {
      look,
      advice: `An ingress rule with an ipBlock of the ${from.length === 0 ? 'clients' : inWords(from.map(({ ipBlock }) => ipBlock.cidr))} and the pods’ port lets the packet in.${seen}`,
    }
  const { namespace = 'default', name = '' } = service.metadata ?? {}
  const metadata = { name: freeName(evidence, namespace, `${name}-from-outside`), namespace }
  if (ciliumPolicy(evidence) !== null && shut.some(({ fromNode }) => fromNode))
    return { look, ...byEntities(metadata, selector, ports) }
  const manifest = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata,
    spec: { podSelector: { matchLabels: selector }, policyTypes: ['Ingress'], ingress: [{ from, ports }] },
  }
  return {
    look,
    summary: `admit ${inWords(
      from.map(({ ipBlock }) => ipBlock.cidr),
      2,
    )} by a policy of its own`,
    commands: [sh`echo ${jsonWord(manifest)} | kubectl apply -f -`],
    changes: `Policies add up: the others stay as they are, and kubectl -n ${namespace} delete networkpolicy ${manifest.metadata.name} takes it back.${seen}`,
  }
}

/** Of Cilium: it takes what a node passes on for a node or for the world, by how it carries packets, and an ipBlock means no node. */
function byEntities(
  metadata: { readonly name: string; readonly namespace: string },
  selector: Readonly<Record<string, string>>,
  ports: readonly { readonly protocol: string; readonly port: number }[],
): Remedy {
  const toPorts = [{ ports: ports.map(({ protocol, port }) => ({ protocol, port: String(port) })) }]
  const manifest = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata,
    spec: {
      endpointSelector: { matchLabels: selector },
      ingress: [{ fromEntities: ['remote-node', 'world'], toPorts }],
    },
  }
  return {
    summary: 'admit what nodes pass on by a policy of its own',
    commands: [sh`echo ${jsonWord(manifest)} | kubectl apply -f -`],
    changes: `Whoever reaches the pods’ port from outside the cluster is let in, at the VIP or not. Policies add up: the others stay as they are, and kubectl -n ${metadata.namespace} delete ciliumnetworkpolicy ${metadata.name} takes it back.`,
  }
}

/** A name that no policy of the namespace has. */
function freeName(evidence: Evidence, namespace: string, wanted: string): string {
  const taken = (known(evidence.kubernetes.networkpolicies) ?? []).some(
    ({ metadata }) => metadata?.namespace === namespace && metadata.name === wanted,
  )
  return taken ? freeName(evidence, namespace, `${wanted}-too`) : wanted
}
