import type { Evidence } from '../evidence/evidence.ts'
import type { Question } from '../evidence/question.ts'
import type { Announcing } from './announcer.ts'
import { boundAnywhere } from './kube-vip/bound.ts'

/** Who answers where nothing says who announces: the kernel does for what a node has on an interface, whoever put it there. */
export function byAddress(evidence: Evidence, { vip }: Question): Announcing {
  const bound = vip === null ? [] : boundAnywhere(evidence, vip).map(({ node }) => node)
  return { observed: [...new Set(bound)], predicted: null, byBgp: [], eligible: [], told: null }
}
