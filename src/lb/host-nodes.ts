import type { Evidence } from '../evidence/evidence.ts'
import { everyNodeName } from '../evidence/kubernetes/nodes-by-name.ts'
import type { Question } from '../evidence/question.ts'
import { controlPlaneNodes } from './control-plane.ts'

/** The nodes that may have an address which no controller gives: those of the control plane for its VIP, else all. Sorted. */
export function nodesInQuestion(evidence: Evidence, { about }: Question): readonly string[] {
  const ofControlPlane = about === 'control-plane' ? controlPlaneNodes(evidence) : []
  return ofControlPlane.length > 0 ? ofControlPlane : everyNodeName(evidence)
}
