import { parseNodeOutput, type NodeOutput } from './frames.ts'
import { nodeScript } from './script.ts'
import type { NodeTarget, NodeTransport } from './transport.ts'

/** By which way nodes are read, and with how much patience. */
export interface ReadNodesOptions {
  readonly transport: NodeTransport
  readonly signal: AbortSignal
  /** How many nodes are read at once. */
  readonly atOnce: number
  /** Patience for one node. */
  readonly timeoutMs: number
  /** Called as each node is done; `read` counts it. */
  readonly onNode?: (node: string, output: NodeOutput, read: number) => void
}

/** Reads nodes side by side. Every target has an answer; a node that could not be reached is one whose files are all gaps. */
export async function readNodes(
  targets: readonly NodeTarget[],
  { transport, signal, atOnce, timeoutMs, onNode }: ReadNodesOptions,
): Promise<ReadonlyMap<string, NodeOutput>> {
  const outputs = new Map<string, NodeOutput>()
  const waiting = [...targets]
  const worker = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const { bytes, ended } =
        target.unreachable === undefined
          ? await transport(target, { script: nodeScript, signal, timeoutMs })
          : { bytes: new Uint8Array(), ended: target.unreachable }
      const output = parseNodeOutput(bytes, ended)
      outputs.set(target.node, output)
      onNode?.(target.node, output, outputs.size)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, targets.length) }, worker))
  return outputs
}
