import type { Evidence } from '../evidence/evidence.ts'
import { perEvidenceOf } from '../evidence/memo.ts'
import type { Question } from '../evidence/question.ts'
import type { Announcer, Announcing, Candidate, Serving } from './announcer.ts'
import { byAddress } from './by-address.ts'
import { calico } from './calico.ts'
import { cilium } from './cilium.ts'
import { keepalived } from './keepalived.ts'
import { awsController, cloudController, kubeRouter, openElb, pureLb } from './known-by-marks.ts'
import { kubeOvn } from './kube-ovn/announcer.ts'
import { kubeVip } from './kube-vip/announcer.ts'
import { pacemaker } from './pacemaker.ts'
import { metallb } from './metallb/announcer.ts'
import { serviceLb } from './servicelb.ts'

/** Every announcer. Of several that left a mark on a Service the first one here serves it. */
export const announcers = [
  kubeOvn,
  kubeVip,
  calico,
  metallb,
  cilium,
  awsController,
  serviceLb,
  kubeRouter,
  cloudController,
  openElb,
  pureLb,
  keepalived,
  pacemaker,
] as const

/** The name of one of them. */
export type AnnouncerName = (typeof announcers)[number]['name']

/** An announcer, and what shows that a question is its own. */
export interface Served extends Serving {
  readonly announcer: Announcer<AnnouncerName>
}

/** All that would serve the question, in the order of the list. */
export const claims = (evidence: Evidence, question: Question): readonly Served[] =>
  announcers.flatMap((announcer): Served[] => {
    const serving = announcer.serves(evidence, question)
    return serving === null ? [] : [{ ...serving, announcer }]
  })

/** Who serves the question: the first that left a mark, else who takes the rest. Null where nothing shows it. */
export const servedBy = perEvidenceOf((evidence: Evidence, question: Question): Served | null => {
  const all = claims(evidence, question)
  return all.find(({ by }) => by === 'mark') ?? all[0] ?? null
})

/** Whether that is the announcer of this name. */
export const isServedBy = (name: AnnouncerName, evidence: Evidence, question: Question): boolean =>
  servedBy(evidence, question)?.announcer.name === name

/** The announcer of a name. */
export function announcerNamed(name: AnnouncerName): Announcer<AnnouncerName> {
  const found = announcers.find((one) => one.name === name)
  if (found === undefined) throw new RangeError(`no announcer is ${name}`)
  return found
}

/** Who announces the question's VIP. */
export const announcing = perEvidenceOf((evidence: Evidence, question: Question): Announcing =>
  (servedBy(evidence, question)?.announcer.announces ?? byAddress)(evidence, question),
)

/** The programs in the cluster that may announce by orders that stand in no evidence. */
export const candidates = (evidence: Evidence): readonly Candidate[] =>
  announcers.flatMap((announcer: Announcer) => announcer.mayAnnounce?.(evidence) ?? [])
