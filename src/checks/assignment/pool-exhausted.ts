import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { objectName, type IPAddressPool, type Service } from '../../evidence/kubernetes/kinds.ts'
import { editCommands, isDerived, showCommand } from '../../lb/metallb/config-map.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { metallbPools, poolName } from '../../lb/metallb/pool-ranges.ts'
import { familiesOf, isFull, whyNotFrom } from '../../lb/metallb/pool-choice.ts'
import { holdingsOf, occupancy, requestOf } from '../../lb/metallb/pools.ts'
import { jsonWord, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, type Remedy } from '../finding.ts'
import { fabricOf } from '../../fabric/index.ts'
import { stillPending, refusalOf, saysFull } from '../about/pending.ts'

export default defineCheck({
  id: 'assignment/pool-exhausted',
  after: 'assignment/two-allocators',
  title: 'A pool that may serve the Service has a free address',
  needs: ['kubernetes/ipaddresspools', 'kubernetes/services'],
  alsoReads: [
    'kubernetes/events',
    'kubernetes/namespaces',
    'kubernetes/pods',
    'kubernetes/daemonsets',
    'kubernetes/deployments',
  ],
  about: ['service'],
  announcer: 'MetalLB',
  appliesTo: stillPending,
  blocks: true,
  consequenceOf: ['assignment/no-pool', 'assignment/request-refused'],
  run: ({ evidence, question }) => {
    const { service } = question
    const pools = metallbPools(evidence)
    if (isGap(pools) || pools.length === 0) return []
    const subject = `service/${objectName(service)}`
    const asked = requestOf(service)
    const usable = pools.filter((pool) =>
      asked.pool === null ? whyNotFrom(evidence, pool, service) === null : poolName(pool) === asked.pool,
    )
    const full = usable.filter((pool) => isFull(evidence, pool, service))
    const event = refusalOf(evidence, service)
    const told = event !== null && saysFull(event) ? event : null
    const free = usable.filter((pool) => !full.includes(pool))
    // A pool that is asked for and is not there, and addresses that are asked for, are assignment/request-refused's.
    const stuck = asked.addresses.length === 0 && free.length === 0 && (asked.pool === null || usable.length > 0)
    if (told === null && !stuck)
      return free.length === 0
        ? []
        : [
            pass(
              'has-free-address',
              subject,
              said(
                'a pool has a free address',
                `For Service ${objectName(service)}, ${inWords(free.map((pool) => stateOf(evidence, pool, service)))}.`,
              ),
              free.map((pool) => cite(pool, 'spec', 'addresses')),
            ),
          ]
    const shut = pools.flatMap((pool) => {
      const why = usable.includes(pool) || asked.pool !== null ? null : whyNotFrom(evidence, pool, service)
      return why === null ? [] : [`${poolName(pool)} ${why}`]
    })
    const states = usable.map((pool) => stateOf(evidence, pool, service))
    const says = [
      states.length === 0 ? `no pool may serve it` : inWords(states),
      ...(shut.length === 0 ? [] : [inWords(shut)]),
    ].join('; ')
    return [
      fail(
        'exhausted',
        subject,
        said(
          usable.length === 0 ? 'no pool may serve the Service' : 'no pool has a free address',
          `MetalLB has no free address for Service ${objectName(service)}: ${says}.`,
        ),
        [
          ...(told === null ? [] : [cite(told, 'message')]),
          ...usable.map((pool) => cite(pool, 'spec', 'addresses')),
          ...usable.flatMap((pool) => holders(evidence, pool).map((holder) => cite(holder, 'status', 'loadBalancer'))),
        ],
        usable[0] === undefined
          ? {
              look: [showCommand(evidence, 'ipaddresspools')],
              advice:
                'With autoAssign true, a serviceAllocation that admits it, or addresses of its family a pool may serve the Service. One with autoAssign false still serves Services that name it in metallb.io/address-pool.',
            }
          : widened(usable[0], fabricOf(question).words.choosing),
      ),
    ]
  },
  docs: {
    means:
      'Every pool that may serve the Service has all its addresses taken, or does not fit: autoAssign is false, its serviceAllocation names other namespaces or Services, or it has no addresses of the Service’s family.',
    byHand:
      'kubectl describe service NAME: the event AllocationFailed says "no available IPs". kubectl get services -A -o wide shows who holds the addresses.',
    mend: 'Widen the pool, add one, let autoAssign or serviceAllocation admit the Service, or delete a Service that is no longer needed.',
    sources: [
      'MetalLB v0.16.1 internal/allocator/allocator.go (Allocate, AllocateFromPool)',
      'MetalLB documentation, "Advanced AddressPool configuration"',
      'metallb/metallb issue 2003',
    ],
  },
})

function widened(pool: IPAddressPool, choosing: string): Remedy {
  const { namespace = 'metallb-system', name } = pool.metadata ?? {}
  const patch = [{ op: 'add', path: '/spec/addresses/-', value: '<first>-<last>' }]
  const derived = isDerived(pool)
  return {
    summary: `widen pool ${poolName(pool)}${derived ? '' : ' (replace <first>-<last>)'}`,
    commands: derived
      ? editCommands(pool, 'ipaddresspool')
      : [sh`kubectl -n ${namespace} patch ipaddresspools.metallb.io ${name} --type json -p ${jsonWord(patch)}`],
    changes: `${choosing} Or delete a Service that is no longer needed: its address is free then.`,
  }
}

/** How full a pool is, in the family of the Service that is scarcer. */
function stateOf(evidence: Evidence, pool: IPAddressPool, service: Service): string {
  const families = familiesOf(service)
  const of = (families.length === 0 ? [null] : families).map((family) => occupancy(evidence, pool, family))
  const { size, held } = of.reduce((one, other) => (left(other) < left(one) ? other : one))
  if (BigInt(held) < size)
    return `pool ${poolName(pool)} has ${String(size - BigInt(held))} of ${String(size)} addresses free`
  const taken = size === 1n ? 'the only address' : `all ${String(size)} addresses`
  const by = inWords(
    holders(evidence, pool).map((one) => objectName(one)),
    4,
  )
  return `${taken} of pool ${poolName(pool)} ${size === 1n ? 'is' : 'are'} taken${by === '' ? '' : ` (by ${by})`}`
}

const left = ({ size, held }: { readonly size: bigint; readonly held: number }): bigint => size - BigInt(held)

const holders = (evidence: Evidence, pool: IPAddressPool): Service[] => [
  ...new Set(holdingsOf(evidence, pool).map(({ service }) => service)),
]
