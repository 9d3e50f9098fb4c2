import type { Evidence } from '../evidence/evidence.ts'
import { known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { controlPlaneNodes } from './control-plane.ts'

/** The nodes that may have an address which no controller gives: those of the control plane for its VIP, else all. Sorted. */
export function nodesInQuestion(evidence: Evidence, { about }: Question): readonly string[] {
  const ofControlPlane = about === 'control-plane' ? controlPlaneNodes(evidence) : []
  if (ofControlPlane.length > 0) return ofControlPlane
  const listed = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
  return [...new Set([...listed, ...evidence.nodeNames])].sort()
}
