import type { Service } from '../../evidence/kubernetes/kinds.ts'
import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { nodeNamesByAddress } from '../../evidence/kubernetes/nodes-by-name.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { isGiven, type Question, serviceOf } from '../../evidence/question.ts'
import type { Announcer, Announcing } from '../announcer.ts'
import { metallbMark } from '../marks.ts'
import { announcingByBgp, bgpSpeakers } from './bgp.ts'
import { electedNode, eligibleNodes } from './election.ts'
import { metallbInstalled, metallbSettings } from './install.ts'
import { observedByMetallb } from './observed.ts'
import { poolOf } from './pool-ranges.ts'

/** MetalLB: by ARP or NDP, by BGP, or by both. */
export const metallb: Announcer<'MetalLB'> = {
  name: 'MetalLB',
  serves: (evidence, question) => {
    const service = serviceOf(question)
    if (service === null || !isGiven(question) || known(metallbInstalled(evidence)) === false) return null
    const mark = isLeftOver(evidence, question) ? null : metallbMark(service)
    return mark === null
      ? { by: 'rest', why: 'nobody else has marked it', proof: [] }
      : { by: 'mark', why: `it has the annotation ${mark}`, proof: [cite(service, 'metadata', 'annotations', mark)] }
  },
  refuses: (evidence, question) => {
    if (question.about !== 'service') return 'MetalLB serves Services only.'
    if (known(metallbInstalled(evidence)) === false) return 'MetalLB is not installed.'
    return ofItsClass(evidence, question.service) ? null : 'MetalLB does not handle the Service’s class.'
  },
  announces,
  atPacketSocket: true,
  judged: true,
  words: {
    silence: {
      reason: 'metallb-habit',
      says: 'MetalLB announces for five seconds after it took a VIP; later silence is its habit.',
    },
    pools: null,
    sessions: null,
    off: null,
  },
}

/** Whether the VIP is a node's own address, in no pool: then another wrote it over MetalLB's, whose mark stays on the Service. */
function isLeftOver(evidence: Evidence, { vip }: Question): boolean {
  if (vip === null || !nodeNamesByAddress(evidence).has(vip.text)) return false
  const pool = poolOf(evidence, vip)
  return !isGap(pool) && pool === null
}

/** Whether MetalLB handles the Service's class: with `--lb-class` only that one, without it only Services that have none. */
export const ofItsClass = (evidence: Evidence, { spec }: Service): boolean =>
  (spec?.loadBalancerClass ?? null) === metallbSettings(evidence).lbClass

function announces(evidence: Evidence, question: Question): Announcing {
  const service = serviceOf(question)
  const byArp = service === null ? [] : observedByMetallb(evidence, service)
  const byBgp = service === null ? [] : (known(announcingByBgp(evidence, service)) ?? [])
  return {
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
    told: null,
  }
}
