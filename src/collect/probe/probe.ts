import { receivingNodes } from '../../journey/receiving.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { Node } from '../../evidence/kubernetes/kinds.ts'
import type { Question } from '../../evidence/question.ts'
import type { Address } from '../../net/address.ts'
import { addressAndPort } from '../../net/port.ts'
import type { Progress } from '../collection.ts'
import { limiter } from '../limiter.ts'
import { thisNode } from '../node-hints.ts'
import { readNodes } from '../node/read-nodes.ts'
import type { NodeTarget, NodeTransport } from '../node/transport.ts'
import { tcpConnect, type Outcome } from './connect.ts'
import { counted, countersOf, type Counted, type RuleCounters } from './counters.ts'
import { nodePortsOf, probeFromNode, type NodePort } from './from-node.ts'

/** One connection that was tried, and what it tells. It never changes a verdict: where we stand is not where the client stands. */
export interface Probe {
  readonly vip: string
  /** `here`, or the node it was sent from. */
  readonly from: string
  readonly to: string
  readonly outcome: Outcome
  /** What the receiving nodes' rules counted meanwhile; only for a connection from here to a VIP. */
  readonly counted: Readonly<Record<string, Counted>>
  readonly says: string
}

/** From where is connected, and to which of a Service’s doors. */
export interface ProbeOptions {
  /** How nodes are reached for counters and for connections from one of them; null: they are not. */
  readonly transport: NodeTransport | null
  /** The nodes that it reaches; null: all of them. */
  readonly reaches: readonly string[] | null
  readonly targetOf: (node: Node) => NodeTarget
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** How many nodes' counters are read around one connection. */
const mostCounted = 4

/** Connects to each TCP VIP and to its nodePort on every node, from here and from one node that does not receive the VIP. */
export async function probe(
  evidence: Evidence,
  questions: readonly Question[],
  options: ProbeOptions,
): Promise<readonly Probe[]> {
  const nodes = known(evidence.kubernetes.nodes) ?? []
  const probes: Probe[] = []
  for (const question of questions) {
    const { vip, port } = question
    if (vip === null || port.protocol !== 'tcp' || options.signal.aborted) continue
    const to = addressAndPort(vip.text, port.port)
    options.progress(`probe: ${to}`)
    const receiving = receivingNodes(evidence, question).nodes
    const reached = nodes.filter(({ metadata }) => options.reaches?.includes(metadata?.name ?? '') ?? true)
    const counting = reached.filter(({ metadata }) => receiving.includes(metadata?.name ?? '')).slice(0, mostCounted)
    probes.push(await probeVip(question, vip, nodes, counting, options))
    const nodePorts = nodePortsOf(nodes, question.about === 'service' ? question.servicePort.nodePort : undefined)
    const other = reached.find(({ metadata }) => !receiving.includes(metadata?.name ?? ''))
    if (options.transport !== null && other !== undefined)
      probes.push(
        ...(await probeFromNode(other, vip, port.port, nodePorts, { ...options, transport: options.transport })),
      )
    probes.push(...(await probeNodePorts(vip, nodePorts, options)))
  }
  return probes
}

async function probeVip(
  { port }: Question,
  vip: Address,
  nodes: readonly Node[],
  counting: readonly Node[],
  options: ProbeOptions,
): Promise<Probe> {
  const read = async (): Promise<ReadonlyMap<string, RuleCounters | null>> => {
    if (options.transport === null) return new Map()
    const outputs = await readNodes(counting.map(options.targetOf), {
      transport: options.transport,
      signal: options.signal,
      atOnce: mostCounted,
      timeoutMs: 120_000,
    })
    return new Map(
      [...outputs].map(([node, { files }]) => {
        const dumps = [
          'iptables-nft-save.txt',
          'iptables-legacy-save.txt',
          'ip6tables-nft-save.txt',
          'ip6tables-legacy-save.txt',
        ]
        const all = dumps.map((name) => countersOf(Buffer.from(files.get(name) ?? []).toString(), vip, port))
        return [node, all.find((one) => one !== null) ?? null]
      }),
    )
  }
  const before = await read()
  const outcome = await tcpConnect(vip.text, port.port, options)
  const after = await read()
  const told = Object.fromEntries([...before].map(([node, one]) => [node, counted(one, after.get(node) ?? null)]))
  const to = addressAndPort(vip.text, port.port)
  const here = thisNode(nodes).node
  const onNode = nodes.some(({ metadata }) => metadata?.name === here)
  const result = `A TCP connect from here to ${to} ended with: ${outcome}.`
  const says = onNode
    ? `${result} This machine is node ${here}, which translates the VIP by itself, so that proves nothing about delivery.`
    : [
        result,
        ...(outcome === 'connected' ? [] : Object.entries(told).map(([node, one]) => `On ${node} ${meaning[one]}.`)),
      ].join(' ')
  return { vip: vip.text, from: 'here', to, outcome, counted: told, says }
}

const meaning: Readonly<Record<Counted, string>> = {
  'never-arrived':
    'the rules for the VIP counted nothing meanwhile: the packets never arrived there, or something took them before kube-proxy’s rules',
  'not-translated':
    'the rule for the VIP counted packets and none was sent on to a pod: they arrived and were not translated',
  translated: 'packets were translated and sent on to a pod meanwhile: they arrived, and no answer came back',
  unknown: 'no rule with a counter tells whether they arrived',
}

async function probeNodePorts(
  vip: Address,
  nodePorts: readonly NodePort[],
  options: ProbeOptions,
): Promise<readonly Probe[]> {
  const atOnce = limiter(32)
  return Promise.all(
    nodePorts.map(({ node, address, port }) =>
      atOnce(async (): Promise<Probe> => {
        const outcome = await tcpConnect(address, port, options)
        const to = addressAndPort(address, port)
        const says = `A TCP connect from here to the nodePort of ${node}, ${to}, ended with: ${outcome}.`
        return { vip: vip.text, from: 'here', to, outcome, counted: {}, says }
      }),
    ),
  )
}
