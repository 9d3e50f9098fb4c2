import type { Node } from '../../evidence/kubernetes/kinds.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import { addressAndPort } from '../../net/port.ts'
import { hintsOf } from '../node-hints.ts'
import type { NodeTarget, NodeTransport } from '../node/transport.ts'
import { connectScript, destinationsAtOnce, outcomesIn, type Destination } from './connect.ts'
import type { Probe } from './probe.ts'

/** The nodePort of a Service on one node. */
export interface NodePort extends Destination {
  readonly node: string
}

/** A Service's nodePort at the first address of every node; none where it has no such port. */
export function nodePortsOf(nodes: readonly Node[], port: number | undefined): readonly NodePort[] {
  if (port === undefined) return []
  return hintsOf(nodes).flatMap(({ name, addresses: [first] }) => {
    const address = first === undefined ? null : parseAddress(first)
    return address === null ? [] : [{ node: name, address: address.text, port }]
  })
}

interface FromNodeOptions {
  readonly transport: NodeTransport
  readonly targetOf: (node: Node) => NodeTarget
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Connects from a node to the VIP and to the nodePorts, over one connection to that node. */
export async function probeFromNode(
  node: Node,
  vip: Address,
  port: number,
  nodePorts: readonly NodePort[],
  { transport, targetOf, timeoutMs, signal }: FromNodeOptions,
): Promise<readonly Probe[]> {
  const target = targetOf(node)
  const destinations = [{ address: vip.text, port }, ...nodePorts]
  const script = connectScript(destinations, Math.ceil(timeoutMs / 1000))
  // Besides the log-in, as many rounds as the script needs if every try takes its full time.
  const patienceMs = 20_000 + timeoutMs * Math.ceil(destinations.length / destinationsAtOnce)
  const { bytes, ended } =
    target.unreachable === undefined
      ? await transport(target, { script, signal, timeoutMs: patienceMs })
      : { bytes: new Uint8Array(), ended: target.unreachable }
  const outcomes = outcomesIn(Buffer.from(bytes).toString(), destinations.length)
  const from = target.node
  return destinations.map((destination, index): Probe => {
    const outcome = outcomes[index] ?? 'not tried'
    const to = addressAndPort(destination.address, destination.port)
    const why = outcome === 'not tried' ? ` (${ended ?? 'neither bash nor nc is there'})` : ''
    const toNode = nodePorts[index - 1]?.node
    const says =
      toNode === undefined
        ? `A TCP connect from node ${from} to ${to} ended with: ${outcome}${why}. A node translates the VIP by itself, so that proves nothing about delivery.`
        : `A TCP connect from node ${from} to the nodePort of ${toNode}, ${to}, ended with: ${outcome}${why}.`
    return { vip: vip.text, from, to, outcome, counted: {}, says }
  })
}
