import type { Finding, Unread } from '../../checks/finding.ts'
import type { PathHop } from '../../checks/hop.ts'
import type { Diagnosis, PathStep } from '../../diagnosis/diagnosis.ts'

/** Evidence of one place that is missing: the hops that it would settle, and why it is missing. */
export interface Missing {
  /** A `listing` is `aws`, `kubernetes` or `captures`; a `file` is one of nodes that were read; of a `sentence` no evidence could be named. */
  readonly of: 'listing' | 'node' | 'file' | 'sentence'
  readonly name: string
  /** On which nodes, the one at which the packet enters first. */
  readonly nodes: readonly string[]
  readonly hops: readonly PathHop[]
  readonly unread: readonly Unread[]
  /** What the findings themselves say to look at. */
  readonly look: readonly string[]
}

/** A node that was read and lacks more files than that is read anew, by one command. */
const fewFiles = 3

/** Where the hops that are not known want for evidence, what decides first in front. */
export function missingFor({ path, findings, question, receiving, nodesRead }: Diagnosis): readonly Missing[] {
  // On EC2 nothing is delivered but to the owner of the VIP, whoever announces it; elsewhere hop follows hop.
  const isFirst = ({ hop }: PathStep): boolean => question.fabric === 'ec2' && hop === 'delivery'
  const open = path.filter(({ status }) => status === 'unknown')
  const wanted = [...open.filter(isFirst), ...open.filter((step) => !isFirst(step))].flatMap((step) =>
    findings.filter(({ id, status }) => id === step.id && status === 'unknown').flatMap((one) => wants(one, step.hop)),
  )
  const isAlmostWhole = (node: string): boolean =>
    nodesRead.includes(node) &&
    new Set(wanted.flatMap((one) => (one.nodes[0] === node ? one.unread.map(({ source }) => source) : []))).size <=
      fewFiles
  const found = new Map<string, Missing>()
  for (const one of wanted) {
    const whole = one.of === 'file' && !isAlmostWhole(one.nodes[0] ?? '') ? asNodes(one) : one
    const key = whole.of === 'node' ? 'nodes' : `${whole.of} ${whole.name}`
    const before = found.get(key)
    found.set(key, before === undefined ? whole : joined(before, whole))
  }
  // The packet enters at the announcer's node, and meets the others after it.
  const rank = (node: string): number => (receiving.nodes.includes(node) ? 0 : 1)
  return [...found.values()].map((one) => ({
    ...one,
    nodes: one.nodes.toSorted((first, second) => rank(first) - rank(second)),
  }))
}

/** Nodes are read by one command, so they are one step. */
const asNodes = (file: Missing): Missing => ({ ...file, of: 'node', name: '' })

function joined(one: Missing, other: Missing): Missing {
  const bySource = new Map([...one.unread, ...other.unread].map((unread) => [unread.source, unread]))
  return {
    ...one,
    nodes: [...new Set([...one.nodes, ...other.nodes])],
    hops: [...new Set([...one.hops, ...other.hops])],
    unread: [...bySource.values()],
    look: [...new Set([...one.look, ...other.look])],
  }
}

function wants({ gaps = [], says, look }: Finding, hop: PathHop): readonly Missing[] {
  if (gaps.length === 0) return [{ of: 'sentence', name: says, nodes: [], hops: [hop], unread: [], look }]
  return gaps.map((unread) => {
    const [root = '', node = '', ...file] = unread.source.split('/')
    return root === 'nodes'
      ? { of: 'file', name: file.join('/'), nodes: [node], hops: [hop], unread: [unread], look }
      : { of: 'listing', name: root, nodes: [], hops: [hop], unread: [unread], look: [] }
  })
}
