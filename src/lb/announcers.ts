import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known, type Known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { announcingByBgp, bgpSpeakers } from './metallb/bgp.ts'
import { electedNode, eligibleNodes } from './metallb/election.ts'
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
  if (question.controlPlane !== null) return controlPlaneAnnouncers(evidence, question)
  const installed = metallbInstalled(evidence)
  if (!isGap(installed) && !installed) return { system: null, observed: [], predicted: null, byBgp: [], eligible: [] }
  const byArp = observedByMetallb(evidence, question)
  const byBgp = known(announcingByBgp(evidence, question)) ?? []
  const speakers = bgpSpeakers(evidence, question)
  return {
    system: 'metallb',
    observed:
      isGap(byArp) && byBgp.length === 0
        ? byArp
        : [...new Set([...(known(byArp) ?? []), ...byBgp].map(({ node }) => node))],
    predicted: electedNode(evidence, question),
    byBgp: isGap(speakers) ? speakers : speakers.filter(({ out }) => out === null).map(({ node }) => node),
    eligible: eligibleNodes(evidence, question),
  }
}

/** kube-vip's leader holds the lease that its pods name (`vip_leasename`, else plndr-cp-lock); without leader election every pod announces. */
function controlPlaneAnnouncers(evidence: Evidence, { controlPlane }: Question): Announcers {
  const pods = controlPlane?.pods ?? []
  const eligible = [...new Set(pods.flatMap(({ spec }) => spec?.nodeName ?? []))].sort()
  const env = new Map(
    pods
      .flatMap(({ spec }) => spec?.containers ?? [])
      .flatMap(({ env: own }) => own ?? [])
      .map(({ name, value }) => [name, value]),
  )
  if (env.get('vip_leaderelection') !== 'true')
    return { system: 'kube-vip', observed: eligible, predicted: null, byBgp: [], eligible }
  const leases = evidence.kubernetes.leases
  const name = env.get('vip_leasename') ?? 'plndr-cp-lock'
  const holder = known(leases)?.find(({ metadata }) => metadata?.name === name)?.spec?.holderIdentity
  const observed = isGap(leases) ? leases : holder === undefined || holder === '' ? [] : [holder]
  return { system: 'kube-vip', observed, predicted: null, byBgp: [], eligible }
}
