import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type Pod } from '../../evidence/kubernetes/kinds.ts'
import { clientText } from '../../evidence/question.ts'
import { podNamed } from '../../evidence/kubernetes/pods.ts'
import { announcing } from '../../lb/announcers.ts'
import { endpointsOf, type Endpoint } from '../../lb/endpoints.ts'
import { admits, policiesOf, policyEnforcer } from '../../lb/policy.ts'
import { parseAddress } from '../../net/address.ts'
import { prefixesOf, rangeOf, type Range } from '../../net/range.ts'
import { counted, inWords } from '../../net/words.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { defineCheck, type Context, type ServiceContext } from '../check.ts'
import { fail, pass, said, unknown, warn, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'endpoint/network-policy',
  after: 'endpoint/pod-network',
  title: 'No NetworkPolicy keeps the client from the pods',
  needs: ['kubernetes/networkpolicies', 'kubernetes/endpointslices', 'kubernetes/pods'],
  alsoReads: ['kubernetes/nodes', 'node/iptables-nft', 'node/iptables-legacy'],
  about: ['service'],
  appliesTo: ({ question }) => {
    return question.client.kind !== 'pod' || 'Policies between pods are not judged here.'
  },
  blocks: true,
  run: (context) => {
    const { evidence, question } = context
    const { service, port } = question
    const endpoints = endpointsOf(evidence, question)
    if (isGap(endpoints)) return []
    const subject = `service/${objectName(service)}`
    const ready = endpoints.flatMap((endpoint) => {
      const pod = podNamed(evidence, endpoint.pod)
      return endpoint.ready && pod !== undefined && pod.spec?.hostNetwork !== true ? [{ endpoint, pod }] : []
    })
    const guarded = ready.filter(({ pod }) => policiesOf(evidence, pod).length > 0)
    if (guarded.length === 0)
      return [
        pass(
          'no-policy',
          subject,
          said(
            'no NetworkPolicy selects the pods',
            `No NetworkPolicy selects the pods behind Service ${objectName(service)}.`,
          ),
          [],
        ),
      ]
    const enforcer = policyEnforcer(evidence)
    const judged = guarded.map((one) => ({ ...one, ...judge(context, one.endpoint, one.pod, port.protocol) }))
    const policies = [...new Set(judged.flatMap(({ pod }) => policiesOf(evidence, pod)))]
    const names = inWords(policies.map((policy) => objectName(policy)))
    const proof = policies.slice(0, 4).map((policy) => cite(policy, 'spec', 'ingress'))
    const shut = judged.filter(({ admitted }) => admitted === false)
    if (shut.length === 0) {
      const unsure = judged.find(({ admitted }) => admitted === null)
      return [
        unsure === undefined
          ? pass(
              'let-in',
              subject,
              said(
                'network policies let the client in',
                `${names} ${policies.length === 1 ? 'lets' : 'let'} ${judged[0]?.who ?? 'the client'} in at the pods behind Service ${objectName(service)}.`,
              ),
              proof,
            )
          : unknown(
              'client-not-known',
              subject,
              said(
                'the client’s addresses are not known',
                `It is not known whether ${names} ${policies.length === 1 ? 'lets' : 'let'} ${unsure.who} in: its addresses are not in the evidence.`,
              ),
              [],
              proof,
              enforcer === null ? { blocks: false } : {},
            ),
      ]
    }
    const who = shut[0]?.who ?? 'the client'
    const all = shut.length === ready.length
    const says = `${names} ${policies.length === 1 ? 'selects' : 'select'} ${all ? (ready.length === 1 ? 'the pod' : 'all pods') : counted(shut.length, 'pod')} behind Service ${objectName(service)} and ${policies.length === 1 ? 'does' : 'do'} not let ${who} in`
    const fix = fixOf(context, shut)
    const brief = policies.length === 1 ? 'a NetworkPolicy does not let it in' : 'network policies do not let it in'
    return [
      enforcer === null
        ? warn(
            'not-enforced',
            subject,
            said(
              'a NetworkPolicy refuses it, nothing enforces it',
              `${says}; nothing in the evidence enforces policies, so it stops no packet as far as can be seen.`,
            ),
            proof,
            { fix, blocks: false },
          )
        : fail(
            'refused',
            subject,
            said(brief, `${says}; ${enforcer} enforces it.`),
            proof,
            fix,
            all ? {} : { partial: true },
          ),
    ]
  },
  docs: {
    means:
      'A NetworkPolicy selects the pods behind the VIP and none of its rules lets the packet’s source in. With externalTrafficPolicy Cluster the source is the node that received the packet, since kube-proxy masquerades; with Local it is the client. Rules that choose pods or namespaces by label never mean either. Traffic from a pod’s own node is always let in. Policies do something only where the network plugin enforces them: a plain bridge does not.',
    byHand:
      'kubectl get networkpolicies -A; kubectl describe networkpolicy NAME. From the receiving node: curl POD-IP:PORT times out, from the pod’s own node it works.',
    mend: 'Add a policy of its own that selects the pods and admits an ipBlock at their port: the nodes’ addresses for Cluster, the clients’ for Local. Policies add up, so none that is there has to be widened.',
    sources: ['Kubernetes documentation, "Network Policies"', 'k8s.io/api networking/v1 (NetworkPolicyIngressRule)'],
  },
})

interface Admission {
  readonly who: string
  /** Null where the source's addresses are not known. */
  readonly admitted: boolean | null
  /** What a rule would have to admit; none where no addresses are known. */
  readonly peers: readonly Range[]
  /** Whether the pod sees a node's address. */
  readonly fromNode: boolean
}

/**
 * A policy of its own for what is shut out: policies add up, so what one admits is admitted, and none that is there has to be widened. With
 * Cluster it names every node that may take in the packet, so that it holds when another one does.
 */
function fixOf(
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
  const manifest = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: freeName(evidence, namespace, `${name}-from-outside`), namespace },
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

/** A name that no policy of the namespace has. */
function freeName(evidence: Evidence, namespace: string, wanted: string): string {
  const taken = (known(evidence.kubernetes.networkpolicies) ?? []).some(
    ({ metadata }) => metadata?.namespace === namespace && metadata.name === wanted,
  )
  return taken ? freeName(evidence, namespace, `${wanted}-too`) : wanted
}

function judge(
  { evidence, question, receiving }: ServiceContext,
  { node, port }: Endpoint,
  pod: Pod,
  protocol: string,
): Admission {
  const policies = policiesOf(evidence, pod)
  const lets = (source: Range) => policies.some((policy) => admits(policy, pod, source, protocol, port))
  const fromNode = question.service.spec?.externalTrafficPolicy !== 'Local' || question.client.kind === 'node'
  if (fromNode) {
    const others = receiving.nodes.filter((name) => name !== node)
    const who = `the node ${inWords(others.length === 0 ? receiving.nodes : others)}`
    // Traffic from the pod's own node is always let in (Kubernetes documentation, "Network Policies").
    if (receiving.nodes.length === 0) return { who: 'the receiving node', admitted: null, peers: [], fromNode }
    const shut = others.map((name) => {
      const known = addressesOf(evidence, name)
      return known.length === 0 ? null : known.some(lets)
    })
    return {
      who,
      admitted: shut.includes(false) ? false : shut.includes(null) ? null : true,
      peers: others.flatMap((name) => addressesOf(evidence, name)),
      fromNode,
    }
  }
  const { client } = question
  const who = clientText(client)
  if (client.kind === 'address')
    return { who, admitted: lets(rangeOf(client.address)), peers: [rangeOf(client.address)], fromNode }
  if (client.kind === 'cidr') return { who, admitted: lets(client.cidr), peers: [client.cidr], fromNode }
  const every: Range = {
    family: question.vip.family,
    first: 0n,
    last: (1n << (question.vip.family === 6 ? 128n : 32n)) - 1n,
  }
  if (lets(every)) return { who, admitted: true, peers: [], fromNode }
  // Where every peer is chosen by label, no host outside the cluster is ever meant.
  const blocks = policies.some(({ spec }) =>
    (spec?.ingress ?? []).some(({ from = [] }) => from.some(({ ipBlock }) => ipBlock !== undefined)),
  )
  return { who, admitted: blocks ? null : false, peers: [], fromNode }
}

const addressesOf = ({ kubernetes: { nodes } }: Context['evidence'], name: string): readonly Range[] =>
  (known(nodes)?.find(({ metadata }) => metadata?.name === name)?.status?.addresses ?? []).flatMap(
    ({ type, address }) => {
      const parsed = type === 'InternalIP' ? parseAddress(address) : null
      return parsed === null ? [] : [rangeOf(parsed)]
    },
  )
