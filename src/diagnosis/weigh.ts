import type { Receiving } from '../journey/context.ts'
import type { Finding } from '../checks/finding.ts'
import type { Proof } from '../evidence/cite.ts'
import { inWords } from '../net/words.ts'
import type { Result } from './run-checks.ts'

/** A finding after the nodes were weighed against each other: `stops` where it is enough by itself to stop the packet. */
export interface Weighed {
  readonly finding: Finding
  readonly stops: boolean
  /** An unknown, or a part of the packets lost, that keeps the verdict from being `reachable`. */
  readonly clouds: boolean
  readonly met: boolean
  /** Whether a failure of it would stop the packet. */
  readonly blocks: boolean
  readonly explainedBy: readonly string[]
}

/**
 * Joins what a check said about several nodes. A failure stops the packet only if it stops it on every node that the packet may meet;
 * on some of the candidates it is a warning that names them, on some of the endpoints' nodes a part of the packets is lost.
 */
export function weigh(results: readonly Result[], receiving: Receiving): Weighed[] {
  const weighed: Weighed[] = []
  // What one check said stands together. Of ten thousand VIPs most is one finding of a check, for which no list is made.
  for (let at = 0; at < results.length;) {
    const end = endOfCheck(results, at)
    const first = results[at]
    if (first !== undefined && end === at + 1 && first.finding.status !== 'fail') weighed.push(weighOne(first))
    else {
      const group = results.slice(at, end)
      weighed.push(...(first?.check.each === undefined ? group.map(weighOne) : weighNodes(group, receiving)))
    }
    at = end
  }
  return weighed
}

/** Behind the last result of the check whose first one stands at a place. */
function endOfCheck(results: readonly Result[], at: number): number {
  let end = at + 1
  while (end < results.length && results[end]?.check === results[at]?.check) end += 1
  return end
}

function weighOne(result: Result): Weighed {
  const { draft, finding, check } = result
  const blocks = draft.blocks ?? check.blocks
  return {
    finding,
    stops: finding.status === 'fail' && blocks && result.met && draft.partial !== true,
    clouds: result.met && blocks && (finding.status === 'unknown' || draft.partial === true),
    met: result.met,
    blocks,
    explainedBy: explaining(check.consequenceOf, draft.consequenceOf),
  }
}

const nobody: readonly string[] = Object.freeze([])

/** Of most findings one list is all, or none is there: ten thousand VIPs make a million. */
const explaining = (byCheck: readonly string[] = nobody, byDraft: readonly string[] = nobody): readonly string[] =>
  byDraft.length === 0 ? byCheck : [...byCheck, ...byDraft]

function weighNodes(group: readonly Result[], receiving: Receiving): Weighed[] {
  const failed = group.filter(({ finding }) => finding.status === 'fail')
  const others = group.filter(({ finding }) => finding.status !== 'fail').map(weighOne)
  if (failed.length === 0) return others
  const met = group.filter((result) => result.met)
  const nodes = new Set(met.map(({ node }) => node))
  const stopped = new Set(met.filter((result) => weighOne(result).stops).map(({ node }) => node))
  if (stopped.size === nodes.size || stopped.size === 0) {
    const order = [...failed]
      .sort((one, other) => Number(other.met) - Number(one.met))
      .map((result) => ({ result, ...weighOne(result) }))
    const finding = join(order.map(({ result }) => result))
    const explainedBy = order.flatMap((one) => one.explainedBy)
    return [
      {
        finding,
        stops: stopped.size > 0,
        clouds: order.some(({ clouds }) => clouds),
        met: order.some((one) => one.met),
        blocks: true,
        explainedBy,
      },
      ...others,
    ]
  }
  // A part of the nodes: which one the packet takes is open.
  const onWay = failed.filter((result) => result.met)
  const off = failed.filter((result) => !result.met)
  const lost = join(onWay)
  const candidates = group[0]?.check.each !== 'endpoint' && receiving.by === 'candidate'
  const partly: Weighed = {
    finding: {
      ...lost,
      status: 'warn',
      says: `${lost.says} That is so on ${String(stopped.size)} of the ${String(nodes.size)} nodes that the packet may meet.`,
    },
    stops: false,
    clouds: !candidates,
    met: true,
    blocks: true,
    explainedBy: [],
  }
  return [partly, ...off.map(weighOne), ...others]
}

/** One finding for what holds on several nodes: the first one's sentence with the others behind it; all proofs, all commands. */
function join(results: readonly Result[]): Finding {
  const [first, ...rest] = results
  if (first === undefined) throw new RangeError('nothing to join')
  if (rest.length === 0) return first.finding
  const nodes = [...new Set(rest.flatMap(({ node }) => (node === null || node === first.node ? [] : [node])))]
  const { fix } = first.finding
  const all = (lines: (finding: Finding) => readonly string[]) => [
    ...new Set(results.flatMap(({ finding }) => lines(finding))),
  ]
  return {
    ...first.finding,
    says: nodes.length === 0 ? first.finding.says : `${first.finding.says} The same holds on ${inWords(nodes)}.`,
    proof: distinct(results.flatMap(({ finding }) => finding.proof)),
    look: all(({ look }) => look),
    fix:
      fix === null
        ? null
        : {
            ...fix,
            summary: ofAll(fix.summary, first.node, nodes.length),
            commands: all((finding) => finding.fix?.commands ?? []),
          },
  }
}

/** `start it on worker-0` as `start it on worker-0 and 2 more`; what names no node holds for all of them as it is. */
const ofAll = (summary: string, node: string | null, others: number): string =>
  node === null || others === 0 ? summary : summary.replace(node, (name) => `${name} and ${String(others)} more`)

/** The same security group stands behind several nodes: its rules are shown once. */
function distinct(proofs: readonly Proof[]): Proof[] {
  const seen = new Set<string>()
  return proofs.filter(({ file, pointer, line }) => {
    const place = `${file} ${pointer ?? ''} ${String(line)}`
    return !seen.has(place) && seen.add(place)
  })
}
