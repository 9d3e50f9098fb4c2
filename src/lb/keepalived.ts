import { citeLine, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import { nodeFile } from '../evidence/node/kinds.ts'
import type { Question } from '../evidence/question.ts'
import type { Announcer } from './announcer.ts'
import { byMarks, running } from './by-marks.ts'
import { boundAnywhere } from './kube-vip/bound.ts'
import { podsServing } from './kube-vip/pods.ts'

/** keepalived, in a pod or on a host; of its configuration nothing is read. */
export const keepalived: Announcer<'keepalived'> = {
  ...byMarks('keepalived', {}),
  mayAnnounce: (evidence) => [
    ...running('keepalived', /\bkeepalived\b/)(evidence),
    ...evidence.nodeNames.flatMap((node) => {
      const proof = keepalivedProcess(evidence, node)
      return proof === null ? [] : [{ name: `keepalived on ${node}`, proof }]
    }),
  ],
}

/** A node that runs keepalived and has the question's VIP on an interface. */
export interface KeepalivedNode {
  readonly node: string
  readonly interface: string
  readonly proof: readonly Proof[]
}

/** keepalived puts the VIP on an interface of its master and runs as a process there. Where kube-vip serves the VIP, its own nodes do not count. */
export function keepalivedNodes(evidence: Evidence, question: Question): readonly KeepalivedNode[] {
  const { vip } = question
  if (vip === null) return []
  const ofKubeVip = new Set(podsServing(evidence, question).flatMap(({ node }) => node ?? []))
  return boundAnywhere(evidence, vip)
    .filter(({ node }) => !ofKubeVip.has(node))
    .flatMap(({ node, interface: name, proof }) => {
      const process = keepalivedProcess(evidence, node)
      return process === null ? [] : [{ node, interface: name, proof: [proof, process] }]
    })
}

/** The line of a node's processes that is keepalived; null where none is, or they were not read. */
function keepalivedProcess(evidence: Evidence, node: string): Proof | null {
  const lines = known(evidence.node(node).processes)?.lines ?? []
  const at = lines.findIndex((text) => /^\s*\d+\s+(?:\S*\/)?keepalived(?:\s|$)/.test(text))
  return at === -1 ? null : citeLine(nodeFile(node, 'processes'), at + 1, lines[at] ?? '')
}
