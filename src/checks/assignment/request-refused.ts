import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { objectName, type IPAddressPool, type Service } from '../../evidence/kubernetes.ts'
import { metallbPools, poolName, rangesOf } from '../../evidence/metallb-pools.ts'
import { requestOf } from '../../lb/metallb/pools.ts'
import { parseAddress } from '../../net/address.ts'
import { rangeHas } from '../../net/range.ts'
import { inWords } from '../../net/words.ts'
import { defineCheck } from '../check.ts'
import { fail, pass } from '../finding.ts'
import { pendingInItsClass, refusalOf, saysFull } from '../pending.ts'

export default defineCheck({
  id: 'assignment/request-refused',
  title: 'MetalLB can give the Service what it asks for',
  needs: ['kubernetes/services', 'kubernetes/ipaddresspools'],
  alsoReads: ['kubernetes/events', 'kubernetes/pods', 'kubernetes/daemonsets', 'kubernetes/deployments'],
  appliesTo: pendingInItsClass,
  blocks: true,
  consequenceOf: ['assignment/no-pool'],
  run: ({ evidence, question }) => {
    const { service } = question
    const pools = metallbPools(evidence)
    if (service === null || isGap(pools) || pools.length === 0) return []
    const subject = `service/${objectName(service)}`
    const event = refusalOf(evidence, service)
    const told = event !== null && !saysFull(event) ? event : null
    const derived = impossible(evidence, service, pools)
    if (told === null && derived === null)
      return [
        pass(subject, `Nothing that Service ${objectName(service)} asks for is refused.`, [
          cite(service, 'metadata', 'annotations'),
        ]),
      ]
    const way = ways.find(({ text }) => told?.message?.includes(text))
    const why = derived ?? way?.means ?? 'it cannot give what the Service asks for'
    const { namespace = 'default', name = '' } = service.metadata ?? {}
    return [
      fail(
        subject,
        `MetalLB refuses Service ${objectName(service)}: ${why}${told === null ? '' : ` ("${told.message ?? ''}")`}.`,
        [...(told === null ? [] : [cite(told, 'message')]), ...asks(service)],
        {
          commands: [`kubectl -n ${namespace} edit service ${name}`],
          changes: `Opens the Service for editing: ${way?.mend ?? 'correct what it asks for, in its annotations metallb.io/… or in spec.loadBalancerIP'}. MetalLB tries again as soon as the Service changes.`,
        },
      ),
    ]
  },
  docs: {
    means:
      'The Service asks for a certain pool or address (annotations metallb.io/address-pool, metallb.io/loadBalancerIPs, the old prefix metallb.universe.tf/, or spec.loadBalancerIP), and MetalLB cannot give it: no such pool, an address in no pool, another family, or an address that another Service holds without sharing it.',
    byHand: 'kubectl describe service NAME: the events AllocationFailed and LoadBalancerFailed say what was refused.',
    mend: 'Correct the annotation or the field, add the address to a pool, or give both Services the same metallb.io/allow-shared-ip.',
    sources: [
      'MetalLB v0.16.1 controller/service.go (allocateIPs, getDesiredLbIPs), internal/allocator/allocator.go (Assign, checkSharing)',
    ],
  },
})

/** What MetalLB's refusals mean, by a part of their text (metallb v0.16.1, internal/allocator/allocator.go and controller/service.go). */
const ways: readonly { readonly text: string; readonly means: string; readonly mend: string }[] = [
  {
    text: 'unknown pool',
    means: 'the pool that it names does not exist',
    mend: 'name an IPAddressPool of MetalLB’s namespace',
  },
  {
    text: 'not compatible for ip assignment',
    means: 'the serviceAllocation of the pool admits other namespaces or Services',
    mend: 'ask for another pool, or let the pool’s serviceAllocation admit the Service',
  },
  {
    text: 'does not match the ipFamily',
    means: 'the address is not of the Service’s family',
    mend: 'ask for an address of its ipFamilies',
  },
  {
    text: 'is not compatible with requested address pool',
    means: 'the address that it asks for is not in the pool that it asks for',
    mend: 'ask for one of the two',
  },
  {
    text: 'can not have both',
    means: 'it asks both by annotation and by spec.loadBalancerIP',
    mend: 'drop spec.loadBalancerIP',
  },
  {
    text: "can't change sharing key",
    means: 'another Service holds the address, and the two do not share it',
    mend: 'give both Services the same metallb.io/allow-shared-ip, or ask for another address',
  },
  {
    text: 'is already in use on',
    means: 'another Service that shares the address has the same port',
    mend: 'change the port, or ask for another address',
  },
  {
    text: 'is not allowed in config',
    means: 'the address that it asks for is in no pool',
    mend: 'ask for an address of a pool, or add it to one',
  },
  {
    text: 'no suitable pool for',
    means: 'no pool has addresses of its family',
    mend: 'change its ipFamilies, or add a pool',
  },
  { text: 'invalid', means: 'what it asks for is no address', mend: 'write the address as one' },
]

/** What is plain from the objects themselves, also when the event has expired. */
function impossible(evidence: Evidence, service: Service, pools: readonly IPAddressPool[]): string | null {
  const { pool, addresses, twice } = requestOf(service)
  if (twice) return 'it asks both by annotation and by spec.loadBalancerIP'
  if (pool !== null && !pools.some((one) => poolName(one) === pool))
    return `it asks for pool ${pool}, and there are only ${inWords(pools.map(poolName))}`
  for (const text of addresses) {
    const address = parseAddress(text)
    if (address === null) return `${text}, which it asks for, is no address`
    const holding = pools.filter((one) => rangesOf(one).some((range) => rangeHas(range, address)))
    if (holding.length === 0) return `${address.text}, which it asks for, is in no pool`
    if (pool !== null && !holding.some((one) => poolName(one) === pool))
      return `${address.text}, which it asks for, is not in pool ${pool}, which it asks for too`
    const holder = (known(evidence.kubernetes.services) ?? []).find(
      (other) => other !== service && other.status?.loadBalancer?.ingress?.some(({ ip }) => ip === address.text),
    )
    if (holder !== undefined && sharingKey(holder) !== (sharingKey(service) ?? ''))
      return `Service ${objectName(holder)} holds ${address.text}, and the two do not share it`
  }
  return null
}

const sharingKey = ({ metadata }: Service): string | undefined =>
  metadata?.annotations?.['metallb.io/allow-shared-ip'] ??
  metadata?.annotations?.['metallb.universe.tf/allow-shared-ip']

function asks(service: Service): Proof[] {
  const keys = Object.keys(service.metadata?.annotations ?? {}).filter((key) =>
    /^metallb\.(io|universe\.tf)\//.test(key),
  )
  return [
    ...keys.map((key) => cite(service, 'metadata', 'annotations', key)),
    ...(service.spec?.loadBalancerIP === undefined ? [] : [cite(service, 'spec', 'loadBalancerIP')]),
  ]
}
