import type { Evidence } from '../evidence/evidence.ts'
import { emptyCollection, type Collection } from './collection.ts'
import { targetOf, thisNode, type NodeAddress } from './node-hints.ts'
import type { NodeOutput } from './node/frames.ts'
import { reachOf, type ReachOptions, type ReachRun } from './node/reach.ts'
import { readNodes } from './node/read-nodes.ts'

/** Which nodes are read, and how. */
export interface ChosenNodes {
  /** Null: none is reached. */
  readonly reach: ReachOptions | null
  readonly by: NodeAddress
  /** Of the cluster's nodes those to read, judged by what was read before; null: all of them. */
  readonly choose: ((evidence: Evidence) => readonly string[]) | null
  /** What the node script printed on nodes where the user ran it by hand. */
  readonly given: ReadonlyMap<string, NodeOutput>
}

export interface KnownBefore extends ReachRun {
  /** What was read before any node was. */
  readonly evidence: () => Evidence
}

/** Of how many nodes the same reason is told: what keeps a thousand from being read is one thing to mend. */
const mostTold = 5

/** Reads the nodes that are chosen, and adds those that were given. What was made to reach them is gone afterwards, whatever happens. */
export async function readChosenNodes(how: ChosenNodes, run: KnownBefore): Promise<Collection> {
  const collection = emptyCollection()
  for (const [node, output] of how.given) addNode(collection, node, output)
  if (how.reach === null) return collection
  const reach = reachOf(how.reach, run)
  const { nodes, signal, progress } = run
  const evidence = run.evidence()
  // A pod is reached by the API server, whatever the node's addresses.
  const by = how.reach.how === 'ssh' ? how.by : 'internal'
  const chosen = how.choose === null ? null : new Set(how.choose(evidence))
  const targets =
    how.reach.how === 'local'
      ? [thisNode(nodes)]
      : nodes
          .map((node) => targetOf(node, by, evidence))
          .filter(({ node }) => (chosen === null || chosen.has(node)) && !how.given.has(node))
  const told = new Map<string, number>()
  let failed = 0
  try {
    await readNodes(targets, {
      transport: reach.transport,
      signal,
      atOnce: how.reach.atOnce,
      timeoutMs: run.workMs,
      onNode: (node, output, read) => {
        addNode(collection, node, output)
        const [why = 'it gave no output'] = output.gaps.values()
        if (output.files.size === 0) failed += 1
        told.set(why, (told.get(why) ?? 0) + 1)
        if (output.files.size === 0 && (told.get(why) ?? 0) <= mostTold) {
          progress(`nodes: nothing could be read from ${node}: ${why}`, true)
        } else
          progress(
            `nodes: ${String(read)} of ${String(targets.length)} read${failed === 0 ? '' : `, ${String(failed)} failed`}`,
          )
      },
    })
  } finally {
    await reach.close()
  }
  return collection
}

function addNode(collection: Collection, node: string, { files, gaps }: NodeOutput): void {
  for (const [name, bytes] of files) collection.files.set(`nodes/${node}/${name}`, bytes)
  for (const [name, reason] of gaps) collection.gaps.set(`nodes/${node}/${name}`, reason)
}
