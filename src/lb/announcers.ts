import type { Evidence } from '../evidence/evidence.ts'
import { isGap, type Known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { kubeVipAnnouncers, servedByKubeVip } from './kube-vip/announcers.ts'
import { electedNode, eligibleNodes } from './metallb/election.ts'
import { metallbInstalled } from './metallb/install.ts'
import { observedByMetallb } from './metallb/observed.ts'

/**
 * Who announces the question's VIP. `observed` by the most trusted observation, empty where it is known that nobody does; `predicted`
 * who would be elected, null for nobody; `eligible` who may by configuration, whether or not it is alive.
 */
export interface Announcers {
  readonly system: 'metallb' | 'kube-vip' | null
  readonly observed: Known<readonly string[]>
  readonly predicted: Known<string | null>
  readonly eligible: Known<readonly string[]>
}

export function announcers(evidence: Evidence, question: Question): Announcers {
  if (servedByKubeVip(evidence, question)) return kubeVipAnnouncers(evidence, question)
  const installed = metallbInstalled(evidence)
  if (!isGap(installed) && !installed) return { system: null, observed: [], predicted: null, eligible: [] }
  const observed = observedByMetallb(evidence, question)
  return {
    system: 'metallb',
    observed: isGap(observed) ? observed : [...new Set(observed.map(({ node }) => node))],
    // An election hashes every node: it is held only where nobody was observed.
    get predicted() {
      return electedNode(evidence, question)
    },
    get eligible() {
      return eligibleNodes(evidence, question)
    },
  }
}
