import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known, type Known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { boundAnywhere } from './kube-vip/bound.ts'
import { kubeVipAnnouncers, servedByKubeVip } from './kube-vip/announcers.ts'
import { announcingByBgp, bgpSpeakers } from './metallb/bgp.ts'
import { electedNode, eligibleNodes } from './metallb/election.ts'
import { servedByOther } from './other-systems.ts'
import { metallbInstalled } from './metallb/install.ts'
import { observedByMetallb } from './metallb/observed.ts'

/**
 * Who announces the question's VIP. `observed` by the most trusted observation, empty where it is known that nobody does; `predicted`
 * who would be elected for ARP or NDP, null for nobody; `byBgp` who should announce by BGP, for which there is no election; `eligible` who
 * may by configuration, whether or not it is alive.
 */
export interface Announcers {
  readonly system: 'metallb' | 'kube-vip' | null
  readonly observed: Known<readonly string[]>
  readonly predicted: Known<string | null>
  readonly byBgp: Known<readonly string[]>
  readonly eligible: Known<readonly string[]>
}

export function announcers(evidence: Evidence, question: Question): Announcers {
  if (servedByKubeVip(evidence, question)) return { ...kubeVipAnnouncers(evidence, question), byBgp: [] }
  const { vip, service } = question
  const other = servedByOther(evidence, service)
  const installed = metallbInstalled(evidence)
  if (other !== null || (!isGap(installed) && !installed)) {
    // The kernel answers for what a node has on an interface, whoever put it there.
    const bound = vip === null ? [] : boundAnywhere(evidence, vip).map(({ node }) => node)
    const observed = other?.announcing?.nodes ?? [...new Set(bound)]
    return { system: null, observed, predicted: null, byBgp: [], eligible: [] }
  }
  const byArp = observedByMetallb(evidence, question)
  const byBgp = known(announcingByBgp(evidence, question)) ?? []
  return {
    system: 'metallb',
    observed:
      isGap(byArp) && byBgp.length === 0
        ? byArp
        : [...new Set([...(known(byArp) ?? []), ...byBgp].map(({ node }) => node))],
    // An election hashes every node: it is held only where nobody was observed.
    get predicted() {
      return electedNode(evidence, question)
    },
    get byBgp() {
      const speakers = bgpSpeakers(evidence, question)
      return isGap(speakers) ? speakers : speakers.filter(({ out }) => out === null).map(({ node }) => node)
    },
    get eligible() {
      return eligibleNodes(evidence, question)
    },
  }
}
