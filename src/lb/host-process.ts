import { citeLine, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { nodeFile } from '../evidence/node/kinds.ts'
import type { Question } from '../evidence/question.ts'
import { boundAnywhere } from './kube-vip/bound.ts'
import { podsServing } from './kube-vip/pods.ts'

/** A node on which a program runs, and which has the question's VIP on an interface. */
export interface HoldingNode {
  readonly node: string
  readonly interface: string
  readonly proof: readonly Proof[]
}

/** The line of a node's processes that is one of these programs; null where none is, or they were not read. */
export function processOn(evidence: Evidence, node: string, programs: readonly string[]): Proof | null {
  const lines = known(evidence.node(node).processes)?.lines ?? []
  const at = lines.findIndex((text) => {
    const program = /^\s*\d+\s+(?:\S*\/)?([^\s/]+)(?:\s|$)/.exec(text)?.[1]
    return program !== undefined && programs.includes(program)
  })
  return at === -1 ? null : citeLine(nodeFile(node, 'processes'), at + 1, lines[at] ?? '')
}

/** The nodes that hold the VIP and run the program. Where kube-vip serves the VIP, its own nodes do not count. */
export function nodesHolding(
  evidence: Evidence,
  question: Question,
  programs: readonly string[],
): readonly HoldingNode[] {
  const { vip } = question
  if (vip === null) return []
  const ofKubeVip = new Set(podsServing(evidence, question).flatMap(({ node }) => node ?? []))
  return boundAnywhere(evidence, vip)
    .filter(({ node }) => !ofKubeVip.has(node))
    .flatMap(({ node, interface: name, proof }) => {
      const process = processOn(evidence, node, programs)
      return process === null ? [] : [{ node, interface: name, proof: [proof, process] }]
    })
}
