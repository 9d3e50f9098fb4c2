import { fixtureNames, fixtureStore } from '../../kit/fixtures.ts'
import { judgeCase, type Disagreement } from './judge.ts'
import { openLab, type Lab } from './lab.ts'
import { recordedNode, type RecordedNode } from './recordings.ts'

/** What the kernel of this machine and the tracer say about the rules of a recorded node. */
export interface RecordingJudged {
  readonly name: string
  readonly cases: number
  /** Null where the kernel's tools did not load the rules. */
  readonly disagreements: readonly Disagreement[] | null
  readonly doubtful: number
  readonly ends: ReadonlyMap<string, number>
}

/** Loads the rules of recorded nodes, of those that are alike only one, and sends `count` packets through each. */
export async function compareRecordings(
  count: number,
  wanted: (bundle: string) => boolean = () => true,
): Promise<readonly RecordingJudged[]> {
  const byWorld = new Map<string, RecordedNode[]>()
  for (const node of await differentNodes(count, wanted)) {
    const key = JSON.stringify(node.world)
    byWorld.set(key, [...(byWorld.get(key) ?? []), node])
  }
  const judged: RecordingJudged[] = []
  for (const nodes of byWorld.values()) {
    const lab = await openLab(nodes[0]?.world)
    for (const node of nodes) judged.push(await judge(lab, node))
    lab.close()
  }
  return judged
}

async function judge(lab: Lab, { name, one }: RecordedNode): Promise<RecordingJudged> {
  const found = await judgeCase(lab, one)
  const { disagreements = null, doubtful = 0, ends = new Map() } = found ?? {}
  return { name, cases: one.packets.length, disagreements, doubtful, ends }
}

/** Rule sets that differ in nothing but counters are one. */
async function differentNodes(count: number, wanted: (bundle: string) => boolean): Promise<readonly RecordedNode[]> {
  const found = new Map<string, RecordedNode>()
  for (const bundle of fixtureNames.filter(wanted)) {
    const store = await fixtureStore(bundle)
    const nodes = store.list('nodes')
    for (const name of nodes) {
      const node = await recordedNode(bundle, name, count)
      if (node === null || node.one.packets.length === 0) continue
      const key = `${JSON.stringify(node.world)} ${JSON.stringify({ ...node.one, packets: [] })}`.replaceAll(
        /\[\d+:\d+\]|"handle\\*":\s*\d+|\\"(packets|bytes)\\": ?\d+|# [^\\]*\\n/g,
        '',
      )
      if (!found.has(key)) found.set(key, node)
    }
  }
  return [...found.values()]
}
