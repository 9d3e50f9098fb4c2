import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { l2AdvertisementsFor } from '../../lb/metallb/advertisements.ts'
import { isDerived } from '../../lb/metallb/config-map.ts'
import type { Remedy } from '../../net/remedy.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'

/** Lets these nodes alone announce a VIP by ARP or NDP, by its L2Advertisements; null where there are none of either. */
export function limitedTo(evidence: Evidence, question: Question, nodes: readonly string[]): Remedy | null {
  const advertisements = known(l2AdvertisementsFor(evidence, question)) ?? []
  const values = (known(evidence.kubernetes.nodes) ?? []).flatMap(({ metadata }) =>
    nodes.includes(metadata?.name ?? '') ? (metadata?.labels?.[hostname] ?? []) : [],
  )
  if (values.length < nodes.length || nodes.length === 0 || advertisements.length === 0) return null
  if (advertisements.some(isDerived)) return null
  const nodeSelectors = [{ matchExpressions: [{ key: hostname, operator: 'In', values }] }]
  return {
    summary: `let ${inWords(nodes)} announce it`,
    commands: advertisements.map(
      ({ metadata }) =>
        sh`kubectl -n ${metadata?.namespace ?? 'metallb-system'} patch l2advertisements.metallb.io ${metadata?.name} --type merge -p ${jsonWord({ spec: { nodeSelectors } })}`,
    ),
    changes:
      'Holds for every VIP of its pools. Where those lie in several subnets, give each pool an L2Advertisement of its own.',
  }
}

const hostname = 'kubernetes.io/hostname'
