import { cite } from '../../evidence/cite.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { citeFirst, type Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import type { Pod } from '../../evidence/kubernetes/kinds.ts'
import { rangeOf } from '../../net/range.ts'
import type { Port } from '../../net/port.ts'
import { portText } from '../../net/port.ts'
import { authorize, permissionOfMembers, permissionText } from '../../fabric/ec2/admission.ts'
import { numberOf } from '../../fabric/ec2/ip-protocol.ts'
import { judgeNodeFlow, primaryAddress } from '../../fabric/ec2/node-flow.ts'
import { nodeInterfaces } from '../../fabric/ec2/node-interfaces.ts'
import { groupsOf } from '../../fabric/ec2/security-groups.ts'
import { groupsText, listText } from '../../fabric/ec2/words.ts'
import { callsAt, hostFirewall, pairs } from '../about/host-firewall.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'control/cni-ports',
  after: 'control/kubelet-port',
  title: 'The agents of the CNI reach each other',
  needs: ['kubernetes/nodes', 'kubernetes/pods'],
  alsoReads: ['aws/network-interfaces', 'aws/security-group-rules', 'aws/security-groups', 'aws/vpcs', ...traceReads],
  ofCluster: true,
  blocks: false,
  run,
  docs: {
    means:
      'The agents of a CNI tell each other where pods are: Calico and kube-router by BGP (tcp/179), Calico’s nodes to Typha (tcp/5473), Cilium’s agents, which look at each other’s health, at tcp/4240, Weave Net on 6783, Kube-OVN’s nodes to the OVN databases (tcp/6641 and 6642), Antrea’s agents to their controller (tcp/10349). Where a security group or a firewall on a node keeps them apart, routes to the pods of other nodes are missing or old. What carries the packets themselves, tunnels included, is judged by forwarding/node-to-node and forwarding/cni-ports.',
    byHand:
      'calicoctl node status; the log of the CNI’s agent (connect: connection timed out); aws ec2 describe-security-group-rules lists the rules.',
    mend: 'Admit the port between the members of the security group of the nodes, and in the firewall of the nodes.',
    sources: [
      'Calico documentation, "System requirements: Network requirements"',
      'Cilium documentation, "System Requirements: Firewall Rules" (4240/tcp)',
      'Antrea documentation, "Network Requirements"; Kube-OVN documentation, "Prepare: port list"',
      'Weave Net documentation, "Network policy and firewall: ports 6783"; RFC 4271 §8 (BGP, port 179)',
    ],
  },
})

interface Talk {
  readonly name: string
  /** The agents that open the connection, and those that answer: by image, or by a label of their pods. */
  readonly from: RegExp
  readonly to: RegExp
  readonly ports: readonly Port[]
  /** A process that must be seen on some node: a CNI that need not do this. */
  readonly process?: RegExp
}

const tcp = (port: number): Port => ({ protocol: 'tcp', port })

const talks: readonly Talk[] = [
  {
    name: 'Calico’s BGP',
    from: /\/calico\/node\b|\bcalico-node\b/,
    to: /\/calico\/node\b|\bcalico-node\b/,
    ports: [tcp(179)],
    process: /(^|[\s/])bird6?(\s|$)/,
  },
  {
    name: 'Calico’s nodes and Typha',
    from: /\/calico\/node\b|\bcalico-node\b/,
    to: /\bcalico\/typha\b|\bcalico-typha\b/,
    ports: [tcp(5473)],
  },
  {
    name: 'Cilium’s agents',
    from: /\bcilium\/cilium(?=[:@]|$)/,
    to: /\bcilium\/cilium(?=[:@]|$)/,
    ports: [tcp(4240)],
  },
  { name: 'kube-router’s BGP', from: /\bkube-router\b/, to: /\bkube-router\b/, ports: [tcp(179)] },
  {
    name: 'Weave Net’s peers',
    from: /\bweave-kube\b/,
    to: /\bweave-kube\b/,
    ports: [tcp(6783), { protocol: 'udp', port: 6783 }],
  },
  {
    name: 'Kube-OVN’s nodes and the OVN databases',
    from: /^app=kube-ovn-cni$/,
    to: /^app=ovn-central$/,
    ports: [tcp(6641), tcp(6642)],
  },
  {
    name: 'Antrea’s agents and their controller',
    from: /^component=antrea-agent$/,
    to: /^component=antrea-controller$/,
    ports: [tcp(10349)],
  },
]

interface Agent {
  readonly node: string
  readonly eni: NetworkInterface
}

function run({ evidence, question }: Context): readonly Draft[] {
  const onEc2 = question.fabric === 'ec2'
  const own = onEc2 ? nodeInterfaces(evidence, question.vpcId) : new Map<string, readonly NetworkInterface[]>()
  const byMark = nodesByMark(known(evidence.kubernetes.pods) ?? [])
  const nodesWith = (which: RegExp): readonly string[] => [
    ...new Set([...byMark].flatMap(([mark, nodes]) => (which.test(mark) ? [...nodes] : []))),
  ]
  const agents = (which: RegExp): readonly Agent[] =>
    nodesWith(which).flatMap((node) => {
      const eni = known(own)?.get(node)?.[0]
      return eni === undefined ? [] : [{ node, eni }]
    })
  const spoken = talks.filter(({ process }) => process === undefined || isRunning(evidence, process))
  const drafts = [
    ...(isGap(own)
      ? [
          unknown(
            'agents-not-known',
            'cni/agents',
            said(
              'whether the CNI’s agents meet is not known',
              'It is not known whether the agents of the CNI reach each other.',
            ),
            [own],
          ),
        ]
      : spoken.flatMap((talk) => judge(evidence, talk, agents(talk.from), agents(talk.to)))),
    ...spoken.flatMap((talk) => onHosts(evidence, talk, nodesWith(talk.from), nodesWith(talk.to))),
  ]
  return drafts.length > 0
    ? drafts
    : [
        skipped(
          'no-agents',
          'cni/agents',
          'No agents of a CNI that speak with each other from node to node are in the evidence.',
        ),
      ]
}

/** The nodes with a pod of each image and of each label (`key=value`): of both there are far fewer than pods. */
function nodesByMark(pods: readonly Pod[]): ReadonlyMap<string, ReadonlySet<string>> {
  const byMark = new Map<string, Set<string>>()
  for (const { metadata, spec } of pods) {
    const node = spec?.nodeName
    if (node === undefined) continue
    const labels = Object.entries(metadata?.labels ?? {}).map(([key, value]) => `${key}=${value}`)
    for (const mark of [...(spec?.containers ?? []).flatMap(({ image }) => image ?? []), ...labels]) {
      const nodes = byMark.get(mark) ?? new Set()
      byMark.set(mark, nodes.add(node))
    }
  }
  return byMark
}

/** Looks at the first nodes that were read: agents of a CNI are the same on each. */
const isRunning = (evidence: Evidence, process: RegExp): boolean =>
  evidence.nodeNames.slice(0, 8).some((node) => {
    const processes = known(evidence.node(node).processes)
    return processes !== null && citeFirst(processes, process) !== null
  })

/** What the firewalls of the nodes do with what their agents say to each other. */
const onHosts = (evidence: Evidence, { name, ports }: Talk, from: readonly string[], to: readonly string[]) =>
  hostFirewall(evidence, callsAt(pairs(from, to), ports), {
    subject: 'cni/agents',
    unlisted: null,
    let: `${name} speak with each other`,
    follows: `${name} cannot speak with each other`,
  })

/** Agents by the security groups of their nodes, two of each: who has the same groups has the same rules. */
function byGroups(agents: readonly Agent[]): readonly (readonly Agent[])[] {
  const sets = new Map<string, Agent[]>()
  for (const agent of agents) {
    const key = groupsOf(agent.eni).join(' ')
    const set = sets.get(key) ?? []
    sets.set(key, set)
    if (set.length < 2 && set.every(({ node }) => node !== agent.node)) set.push(agent)
  }
  return [...sets.values()]
}

/** A pair on two nodes for each pair of sets of groups. */
const pairsOf = (from: readonly Agent[], to: readonly Agent[]) =>
  byGroups(from).flatMap((ones) =>
    byGroups(to).flatMap((others) =>
      ones.flatMap((one) => others.flatMap((other) => (one.node === other.node ? [] : [{ one, other }]))).slice(0, 1),
    ),
  )

function judge(evidence: Evidence, talk: Talk, from: readonly Agent[], to: readonly Agent[]): readonly Draft[] {
  const subject = 'cni/agents'
  const judged = pairsOf(from, to).flatMap(({ one, other }) => {
    const source = primaryAddress(one.eni, 4)
    const destination = primaryAddress(other.eni, 4)
    if (source === null || destination === null) return []
    return talk.ports.map((port) => ({
      one,
      other,
      port,
      source,
      destination,
      ...judgeNodeFlow(evidence, {
        from: one.eni,
        to: other.eni,
        source,
        destination,
        protocol: numberOf(port.protocol),
        port: port.port,
      }),
    }))
  })
  if (judged.length === 0) return []
  const refused = judged.filter(({ answer }) => answer === 'refused')
  const [first] = refused
  if (first !== undefined) {
    const [groupId = ''] = first.groupIds
    const ports = [...new Map(refused.map(({ port }) => [portText(port), port])).values()]
    const range = rangeOf(first.side === 'ingress' ? first.source : first.destination)
    return [
      fail(
        'refused',
        subject,
        said(
          'security groups keep the CNI’s agents apart',
          `${groupsText(evidence, first.groupIds)} keep${first.groupIds.length === 1 ? 's' : ''} ${talk.name} apart: ${listText(ports.map(portText))} from ${first.one.node} to ${first.other.node} is not admitted.`,
        ),
        [
          cite(first.side === 'ingress' ? first.other.eni : first.one.eni, 'Groups'),
          ...first.judgement.asked.slice(0, 8).map((rule) => rule.proof()),
        ],
        {
          summary: `let ${listText(ports.map(portText))} pass between the nodes`,
          commands: ports.map(({ protocol, port }) =>
            authorize(
              groupId,
              first.side,
              groupsOf(first.one.eni).includes(groupId) && groupsOf(first.other.eni).includes(groupId)
                ? permissionOfMembers(groupId, protocol, port)
                : permissionText(protocol, port, port, [range]),
            ),
          ),
          changes: `Holds for every interface in ${groupId}.`,
        },
        { awsCode: 'ENI_SG_RULES_MISMATCH' },
      ),
    ]
  }
  const open = judged.filter(({ answer }) => answer === 'unknown')
  if (open.length > 0)
    return [
      unknown(
        'rules-not-known',
        subject,
        said(
          'whether the CNI’s agents meet is not known',
          `It is not known whether ${talk.name} may speak with each other.`,
        ),
        open.flatMap(({ gaps }) => gaps).slice(0, 2),
      ),
    ]
  return [
    pass(
      'allowed',
      subject,
      said(
        'the CNI’s agents reach each other',
        `The security groups let ${talk.name} speak with each other at ${listText(talk.ports.map(portText))}.`,
      ),
      judged.flatMap(({ judgement }) => judgement.rules.slice(0, 1).map((rule) => rule.proof())).slice(0, 3),
    ),
  ]
}
