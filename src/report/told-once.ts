import type { Finding } from '../checks/finding.ts'
import type { Diagnosis } from '../diagnosis/diagnosis.ts'
import { titleOf } from '../diagnosis/title.ts'

/** How much a finding weighs for a VIP: it stops the packet, it is broken besides or follows from a cause, it only warns. */
export type Weight = 'cause' | 'broken' | 'warning'

/** What is wrong with one VIP. */
export interface Wrong {
  readonly finding: Finding
  readonly weight: Weight
  readonly vip: string
}

const weights: readonly Weight[] = ['cause', 'broken', 'warning']

/** What fails or warns of one diagnosis, causes first. */
export function wrongIn({ question, causes, findings }: Diagnosis): readonly Wrong[] {
  const vip = titleOf(question)
  const wrong = (of: readonly Finding[], weight: Weight) => of.map((finding) => ({ finding, weight, vip }))
  const isCause = (finding: Finding) =>
    causes.some(({ id, subject }) => id === finding.id && subject === finding.subject)
  return [
    ...wrong(causes, 'cause'),
    ...wrong(
      findings.filter((finding) => finding.status === 'fail' && !isCause(finding)),
      'broken',
    ),
    ...wrong(
      findings.filter(({ status }) => status === 'warn'),
      'warning',
    ),
  ]
}

/** What is wrong with several VIPs in the same words. */
export interface ToldOnce {
  readonly finding: Finding
  readonly weight: Weight
  readonly vips: readonly string[]
}

/** Findings that say the same of several VIPs, told once, the heaviest first: a node's fault is one fault, not one for each VIP. */
export function toldOnce(wrong: Iterable<Wrong>): readonly ToldOnce[] {
  const told = new Map<string, { finding: Finding; weight: Weight; vips: string[] }>()
  for (const { finding, weight, vip } of wrong) {
    const key = JSON.stringify([finding.id, finding.subject, finding.says])
    const known = told.get(key)
    if (known === undefined) told.set(key, { finding, weight, vips: [vip] })
    else {
      if (known.vips.at(-1) !== vip) known.vips.push(vip)
      if (weights.indexOf(weight) < weights.indexOf(known.weight)) known.weight = weight
    }
  }
  return weights.flatMap((weight) => [...told.values()].filter((one) => one.weight === weight))
}
