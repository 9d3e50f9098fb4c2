import type { Evidence } from '../evidence/evidence.ts'
import type { WhereHeard } from '../journey/where-heard.ts'
import { addAll, emptyCollection, type Collection } from './collection.ts'
import { hear, type HearOptions } from './hear.ts'
import { hintsOf, linkOfNode, nodeHere, targetOf, thisNode, type NodeAddress } from './node-hints.ts'
import type { NodeOutput } from './node/frames.ts'
import { reachOf, type Reach, type ReachOptions, type ReachRun } from './node/reach.ts'
import { readNodes } from './node/read-nodes.ts'
import type { NodeTarget } from './node/transport.ts'

/** Which nodes are read, and how. */
export interface ChosenNodes {
  /** Null: none is reached. */
  readonly reach: ReachOptions | null
  readonly by: NodeAddress
  /** Of the cluster's nodes those to read, judged by what was read before; null: all of them. */
  readonly choose: ((evidence: Evidence) => readonly string[]) | null
  /** What the node script printed on nodes where the user ran it by hand. */
  readonly given: ReadonlyMap<string, NodeOutput>
  /** Where to listen meanwhile, judged likewise; null: nowhere. */
  readonly hear: Hearing | null
}

interface Hearing extends Pick<HearOptions, 'seconds' | 'asks'> {
  readonly where: (evidence: Evidence) => WhereHeard
}

/** A run over nodes that is chosen by what was read before them. */
export interface KnownBefore extends ReachRun {
  /** What was read before any node was. */
  readonly evidence: () => Evidence
}

/** Of how many nodes the same reason is told: what keeps a thousand from being read is one thing to mend. */
const mostTold = 5

/**
 * Reads the nodes that are chosen, and adds those that were given; meanwhile it listens, where that is asked for. What was made to reach
 * nodes is gone afterwards, whatever happens.
 */
export async function readChosenNodes(how: ChosenNodes, run: KnownBefore): Promise<Collection> {
  const collection = emptyCollection()
  for (const [node, output] of how.given) addNode(collection, node, output)
  const reach = how.reach === null ? null : reachOf(how.reach, run)
  try {
    const [heard] = await Promise.all([
      how.hear === null ? emptyCollection() : hear(hearOptions(how, how.hear, reach, run)),
      how.reach === null || reach === null ? null : readInto(collection, how, how.reach, reach, run),
    ])
    addAll(collection, heard)
  } finally {
    await reach?.close()
  }
  return collection
}

/** How each node is reached; those of this machine, where none but it is. */
function targetsOf(how: ChosenNodes, { how: reached }: ReachOptions, run: KnownBefore): readonly NodeTarget[] {
  if (reached === 'local') return [thisNode(run.nodes)]
  const evidence = run.evidence()
  // A pod is reached by the API server, whatever the node's addresses.
  return run.nodes.map((node) => targetOf(node, reached === 'ssh' ? how.by : 'internal', evidence))
}

async function readInto(
  collection: Collection,
  how: ChosenNodes,
  reached: ReachOptions,
  { transport }: Reach,
  run: KnownBefore,
): Promise<void> {
  const { signal, progress } = run
  const chosen = how.choose === null || reached.how === 'local' ? null : new Set(how.choose(run.evidence()))
  const all = targetsOf(how, reached, run)
  const targets =
    reached.how === 'local'
      ? all
      : all.filter(({ node }) => (chosen === null || chosen.has(node)) && !how.given.has(node))
  const told = new Map<string, number>()
  let failed = 0
  await readNodes(targets, {
    transport,
    signal,
    atOnce: reached.atOnce,
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
}

/** Nodes are listened on as they are read; this machine by itself, whether it is one of them or none. */
function hearOptions(how: ChosenNodes, hearing: Hearing, reach: Reach | null, run: KnownBefore): HearOptions {
  const where = hearing.where(run.evidence())
  const wanted = new Set(where.nodes.map(({ name }) => name))
  const own = new Map(hintsOf(run.nodes).map(({ name, addresses }) => [name, addresses[0] ?? null]))
  const targets =
    how.reach === null || how.reach.how === 'local'
      ? []
      : targetsOf(how, how.reach, run)
          .filter(({ node }) => wanted.has(node))
          .map((target) => ({ ...target, own: own.get(target.node) ?? null }))
  const node = nodeHere(run.nodes)
  const name = node?.metadata?.name ?? null
  const here = targets.some((target) => target.node === name)
    ? null
    : { node: name, link: node === null || how.reach?.how !== 'local' ? null : linkOfNode(node) }
  const { signal, progress } = run
  return { ...hearing, where, targets, reach, atOnce: how.reach?.atOnce ?? Infinity, here, signal, progress }
}

function addNode(collection: Collection, node: string, { files, gaps }: NodeOutput): void {
  for (const [name, bytes] of files) collection.files.set(`nodes/${node}/${name}`, bytes)
  for (const [name, reason] of gaps) collection.gaps.set(`nodes/${node}/${name}`, reason)
}
