import { cite } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap } from '../../evidence/gap.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'
import type { IPAddressPool } from '../../evidence/kubernetes/kinds.ts'
import { poolName, poolOf, rangesOf } from '../../lb/metallb/pool-ranges.ts'
import { rangeText, sizeOf } from '../../net/range.ts'
import { without } from '../../net/range-set.ts'
import { counted, inWords } from '../../net/words.ts'
import { overlap, takenAddresses, type TakenFromPool } from '../../journey/taken-addresses.ts'
import { fabricOf } from '../../fabric/index.ts'
import { defineCheck } from '../check.ts'
import { poolWith } from '../about/pool-edit.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'assignment/pool-hygiene',
  after: 'assignment/request-refused',
  title: 'The pool of the VIP holds no address that something else has',
  needs: ['kubernetes/ipaddresspools', 'kubernetes/nodes'],
  alsoReads: [
    'kubernetes/services',
    'kubernetes/pods',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'node/ip-addr',
    'node/ip-route',
    'aws/subnets',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: ({ question }) => question.vip !== null || 'The Service has no VIP yet.',
  blocks: false,
  run: ({ evidence, question }) => {
    const { vip } = question
    if (vip === null) return []
    const pool = poolOf(evidence, vip)
    if (isGap(pool))
      return [
        unknown(
          'pool-not-known',
          `vip/${vip.text}`,
          said('its pool is not known', 'It is not known from which pool the VIP comes.'),
          gapsAmong(pool),
        ),
      ]
    if (pool === null)
      return [skipped('vip-in-no-pool', `vip/${vip.text}`, `${vip.text} is in none of MetalLB's pools.`)]
    const { inVpc, onLan } = hygieneOf(evidence, pool)
    return [fabricOf(question).delivery === 'ownership' ? inVpc : onLan]
  },
  docs: {
    means:
      'MetalLB does not look at what else is in the network: a pool may hold the nodes’ own addresses, their gateway, the first and last address of a subnet (or those that EC2 reserves), or addresses of pods and of Services. Sooner or later one of them becomes a VIP: a node drops off the network, or the VIP never answers.',
    byHand: 'kubectl get ipaddresspools -A -o yaml, against kubectl get nodes -o wide and ip route on a node.',
    mend: 'Leave those addresses out of spec.addresses. A Service that has one already gets another when it is created again.',
    sources: [
      'MetalLB v0.16.1 internal/config/config.go (what is checked, and what is not)',
      'metallb/metallb issue 1397',
      'Amazon VPC User Guide, "Subnet CIDR blocks"',
    ],
  },
})

/** What is said of a pool: the same for every VIP of it, and long where the pool holds the addresses of a large cluster. */
const hygieneOf = perEvidenceAnd((evidence: Evidence, pool: IPAddressPool) => {
  const judged = (inVpc: boolean) => judge(evidence, pool, overlap(takenAddresses(evidence, inVpc), rangesOf(pool)))
  return { inVpc: judged(true), onLan: judged(false) }
})

function judge(evidence: Evidence, pool: IPAddressPool, taken: readonly TakenFromPool[]): Draft {
  const subject = `ipaddresspool/${poolName(pool)}`
  const ranges = rangesOf(pool)
  const own = cite(pool, 'spec', 'addresses')
  if (taken.length === 0) {
    const size = counted(Number(ranges.reduce((sum, range) => sum + sizeOf(range), 0n)), 'address', 'addresses')
    return pass(
      'nothing-else-inside',
      subject,
      said(
        'nothing else has an address of its pool',
        `None of the ${size} of pool ${poolName(pool)} is known to belong to something else.`,
      ),
      [own],
    )
  }
  const owners = inWords(taken.map(({ what, common }) => what.replace('%', rangeText(common))))
  const left = without(
    ranges,
    taken.map(({ common }) => common),
  )
  return warn(
    'holds-taken-addresses',
    subject,
    said(
      'its pool holds addresses that others have',
      `Pool ${poolName(pool)} holds ${owners}. MetalLB gives them out like any other, and whoever has them loses its traffic, or the VIP does.`,
    ),
    [own, ...taken.flatMap(({ proof }) => proof).slice(0, 20)],
    {
      fix: poolWith(evidence, pool, left, {
        summary: `take those addresses out of pool ${poolName(pool)}`,
        changes: 'A Service that holds one of them loses it and gets another, and its clients have to follow.',
      }),
    },
  )
}
