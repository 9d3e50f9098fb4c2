import type { Evidence } from '../../../evidence/evidence.ts'
import type { Gap } from '../../../evidence/gap.ts'
import type { Pod } from '../../../evidence/kubernetes/kinds.ts'
import { nodesByName } from '../../../evidence/kubernetes/nodes-by-name.ts'
import { clientText } from '../../../evidence/question.ts'
import type { Endpoint } from '../../../lb/endpoints.ts'
import { admits, admitsNode, ciliumPolicy, policiesOf } from '../../../lb/policy.ts'
import { ownPolicies, unreadPolicies, type OwnPolicy } from '../../../lb/own-policies.ts'
import { parseAddress } from '../../../net/address.ts'
import { everyAddress, rangeOf, type Range } from '../../../net/range.ts'
import { inWords } from '../../../net/words.ts'
import { replacementOn } from '../../../node/replacements.ts'
import type { ServiceContext } from '../../check.ts'

/** Whether a pod's policies let in what sends the packet on to it. */
export interface Admission {
  readonly who: string
  /** Null where the source's addresses are not known, or what Cilium takes it for (`taken` says why). */
  readonly admitted: boolean | null
  readonly taken?: string
  /** Policies in the own words of what enforces them, of which it is not known what they say to this packet. */
  readonly own?: readonly OwnPolicy[]
  /** Listings of such policies that were not read, and may decide. */
  readonly unread?: readonly Gap[]
  /** What a rule would have to admit; none where no addresses are known. */
  readonly peers: readonly Range[]
  /** Whether the pod sees a node's address. */
  readonly fromNode: boolean
}

/**
 * Judges one endpoint by the NetworkPolicies and by the enforcer’s own. All of them add up, but for what takes back; a pod that one selects
 * gets only what one admits.
 */
export function judge(context: ServiceContext, endpoint: Endpoint, pod: Pod, protocol: string): Admission {
  const { evidence, question } = context
  const plain = byNetworkPolicies(context, endpoint, pod, protocol)
  const isOwnNode = plain.fromNode && plain.admitted === true && plain.peers.length === 0
  // What NetworkPolicies refuse under Calico is refused, as far as its own are judged here; Cilium's may admit it.
  const isRefused = plain.admitted === false && policiesOf(evidence, pod).length > 0
  const unread = isOwnNode || (isRefused && ciliumPolicy(evidence) === null) ? [] : unreadPolicies(evidence, pod)
  if (unread.length > 0) return { ...plain, admitted: null, unread }
  const addresses = plain.fromNode || plain.peers.length === 0 ? [everyAddress(question.vip.family)] : plain.peers
  const source = { fromNode: plain.fromNode, addresses, protocol, port: endpoint.port }
  const own = isOwnNode ? [] : ownPolicies(evidence, pod, source)
  if (own.length === 0) return plain
  const admitted = own.some(({ admits }) => admits) || (plain.admitted === true && policiesOf(evidence, pod).length > 0)
  return own.some(({ mayDeny }) => mayDeny) || !admitted
    ? { ...plain, admitted: null, own }
    : { ...plain, admitted, own }
}

/** By NetworkPolicies alone: the source is the receiving node, or the client with Local and where Cilium translates on the pod's own node. */
function byNetworkPolicies(context: ServiceContext, endpoint: Endpoint, pod: Pod, protocol: string): Admission {
  const { evidence, question, receiving } = context
  const { node, port } = endpoint
  const fromNode = question.service.spec?.externalTrafficPolicy !== 'Local' || question.client.kind === 'node'
  if (!fromNode) return ofClient(context, pod, protocol, port)
  const others = receiving.nodes.filter((name) => name !== node)
  const direct =
    question.client.kind !== 'node' &&
    node !== null &&
    receiving.nodes.includes(node) &&
    replacementOn(evidence, node)?.name === 'Cilium'
  const here = direct ? ofClient(context, pod, protocol, port) : null
  if (here !== null && (others.length === 0 || here.admitted === false)) return here
  const there = ofNodes(context, others, pod, protocol, port)
  return here?.admitted === null && there.admitted === true ? here : there
}

/** Packets that nodes pass on. Traffic from the pod's own node is always let in (Kubernetes documentation, "Network Policies"). */
function ofNodes(
  { evidence, receiving }: ServiceContext,
  others: readonly string[],
  pod: Pod,
  protocol: string,
  port: number,
): Admission {
  const policies = policiesOf(evidence, pod)
  const who = `the node ${inWords(others.length === 0 ? receiving.nodes : others)}`
  if (receiving.nodes.length === 0) return { who: 'the receiving node', admitted: null, peers: [], fromNode: true }
  const cilium = ciliumPolicy(evidence)
  const each = others.map((name) => {
    const found = addressesOf(evidence, name)
    if (found.length === 0) return null
    const answers = found.flatMap((source) =>
      policies.map((one) => admitsNode(cilium, one, pod, source, protocol, port)),
    )
    return answers.includes(true) ? true : answers.includes(null) ? null : false
  })
  const isTaken =
    cilium !== null && each.includes(null) && others.every((name) => addressesOf(evidence, name).length > 0)
  return {
    who,
    admitted: each.includes(false) ? false : each.includes(null) ? null : true,
    ...(isTaken
      ? {
          taken:
            'Cilium takes what a node passes on for that node or for the world outside, and an ipBlock means the second alone',
        }
      : {}),
    peers: others.flatMap((name) => addressesOf(evidence, name)),
    fromNode: true,
  }
}

/** Packets that still carry the client's address. */
function ofClient({ evidence, question }: ServiceContext, pod: Pod, protocol: string, port: number): Admission {
  const policies = policiesOf(evidence, pod)
  const lets = (source: Range) => policies.some((policy) => admits(policy, pod, source, protocol, port))
  const { client } = question
  const who = clientText(client)
  if (client.kind === 'address')
    return { who, admitted: lets(rangeOf(client.address)), peers: [rangeOf(client.address)], fromNode: false }
  if (client.kind === 'cidr') return { who, admitted: lets(client.cidr), peers: [client.cidr], fromNode: false }
  if (lets(everyAddress(question.vip.family))) return { who, admitted: true, peers: [], fromNode: false }
  // Where every peer is chosen by label, no host outside the cluster is ever meant.
  const blocks = policies.some(({ spec }) =>
    (spec?.ingress ?? []).some(({ from = [] }) => from.some(({ ipBlock }) => ipBlock !== undefined)),
  )
  return { who, admitted: blocks ? null : false, peers: [], fromNode: false }
}

/** The addresses by which a node's Node object says that it is reached in the cluster. */
export const addressesOf = (evidence: Evidence, name: string): readonly Range[] =>
  (nodesByName(evidence).get(name)?.status?.addresses ?? []).flatMap(({ type, address }) => {
    const parsed = type === 'InternalIP' ? parseAddress(address) : null
    return parsed === null ? [] : [rangeOf(parsed)]
  })
