import { cite, type Proof } from '../../../evidence/cite.ts'
import type { Evidence } from '../../../evidence/evidence.ts'
import { isGap, known } from '../../../evidence/gap.ts'
import { objectName, type IPAddressPool, type Service } from '../../../evidence/kubernetes/kinds.ts'
import { metallbSettings } from '../../../lb/metallb/install.ts'
import { metallbPools, poolName, rangesOf } from '../../../lb/metallb/pool-ranges.ts'
import { isFull, whyNotFrom, whyRefused } from '../../../lb/metallb/pool-choice.ts'
import { buggy, holdingsOf, requestOf } from '../../../lb/metallb/pools.ts'
import { sharingKey, whyNotShared } from '../../../lb/metallb/sharing.ts'
import { parseAddress, type Address } from '../../../net/address.ts'
import { rangeHas, rangeOf } from '../../../net/range.ts'
import { inWords } from '../../../net/words.ts'
import { defineCheck } from '../../check.ts'
import { fail, pass, said } from '../../finding.ts'
import { stillPending, refusalOf, saysFull } from '../../about/pending.ts'
import { mendRefusal, refusalIn, refusalOfReason } from './refusals.ts'

export default defineCheck({
  id: 'assignment/request-refused',
  after: 'assignment/two-allocators',
  title: 'MetalLB can give the Service what it asks for',
  needs: ['kubernetes/services', 'kubernetes/ipaddresspools'],
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
  consequenceOf: ['assignment/no-pool'],
  run: ({ evidence, question }) => {
    const { service } = question
    const pools = metallbPools(evidence)
    if (isGap(pools) || pools.length === 0) return []
    const subject = `service/${objectName(service)}`
    const event = refusalOf(evidence, service)
    const told = event !== null && !saysFull(event) ? event : null
    const derived = impossible(evidence, service, pools)
    if (told === null && derived === null)
      return [
        pass(
          'nothing-refused',
          subject,
          said(
            'nothing that it asks for is refused',
            `Nothing that Service ${objectName(service)} asks for is refused.`,
          ),
          [cite(service, 'metadata', 'annotations')],
        ),
      ]
    const way = derived === null ? (told === null ? null : refusalIn(told)) : refusalOfReason(derived.reason)
    const { namespace: metallb } = metallbSettings(evidence)
    const why = derived?.says ?? way?.means ?? 'it cannot give what the Service asks for'
    return [
      fail(
        derived?.reason ?? way?.reason ?? 'refused',
        subject,
        said(
          way?.brief ?? 'MetalLB refuses what it asks for',
          `MetalLB refuses Service ${objectName(service)}: ${why}${told === null ? '' : ` ("${told.message ?? ''}")`}.`,
        ),
        [...(told === null ? [] : [cite(told, 'message')]), ...asks(service)],
        mendRefusal(way, derived?.holder === undefined ? [service] : [service, derived.holder], metallb),
      ),
    ]
  },
  docs: {
    means:
      'The Service asks for a certain pool or address (annotations metallb.io/address-pool, metallb.io/loadBalancerIPs, the old prefix metallb.universe.tf/, or spec.loadBalancerIP), and MetalLB cannot give it: no such pool, a pool that admits other namespaces or Services only, an address in no pool, another family, or an address that another Service holds without sharing it. Two Services share an address where both have the same metallb.io/allow-shared-ip, no port in common, and either externalTrafficPolicy Cluster or one selector.',
    byHand: 'kubectl describe service NAME: the events AllocationFailed and LoadBalancerFailed say what was refused.',
    mend: 'Correct the annotation or the field, add the address to a pool, or give both Services the same metallb.io/allow-shared-ip.',
    sources: [
      'MetalLB v0.16.1 controller/service.go (allocateIPs, getDesiredLbIPs), internal/allocator/allocator.go (Assign, checkSharing)',
      'MetalLB documentation, "Usage: Requesting specific IPs" and "IP address sharing"',
    ],
  },
})

/** Why MetalLB refuses; `says` completes "MetalLB refuses Service x: …". */
interface Why {
  readonly reason: string
  readonly says: string
  readonly holder?: Service
}

/** What is plain from the objects themselves, also when the event has expired. */
function impossible(evidence: Evidence, service: Service, pools: readonly IPAddressPool[]): Why | null {
  const { pool: name, addresses, twice } = requestOf(service)
  if (twice) return { reason: 'asks-twice', says: 'it asks both by annotation and by spec.loadBalancerIP' }
  const pool = pools.find((one) => poolName(one) === name)
  if (name !== null && pool === undefined)
    return {
      reason: 'unknown-pool',
      says: `it asks for pool ${name}, and there are only ${inWords(pools.map(poolName))}`,
    }
  if (addresses.length > 2)
    return { reason: 'too-many-addresses', says: `it asks for ${inWords(addresses)}, and two addresses are the most` }
  const read = addresses.map((text) => parseAddress(text))
  const wrong = read.indexOf(null)
  if (wrong !== -1) return { reason: 'no-address', says: `${addresses[wrong] ?? ''}, which it asks for, is no address` }
  const [one, other] = read
  if (one?.family !== undefined && one.family === other?.family)
    return { reason: 'two-of-one-family', says: `it asks for ${one.text} and ${other.text}, which are of one family` }
  const each = read.flatMap((address) =>
    address === null ? [] : (whyNotThis(evidence, service, pools, address) ?? []),
  )
  if (each[0] !== undefined) return each[0]
  const why = pool === undefined ? null : whyRefused(evidence, pool, service)
  return why === null
    ? sharesNone(evidence, service, pools)
    : { reason: 'pool-not-for-service', says: `pool ${name ?? ''}, which it asks for, ${why}` }
}

/** Why a Service cannot have one address that it asks for. */
function whyNotThis(
  evidence: Evidence,
  service: Service,
  pools: readonly IPAddressPool[],
  address: Address,
): Why | null {
  const asked = `${address.text}, which it asks for,`
  const families = service.spec?.ipFamilies ?? []
  if (families.length > 0 && !families.includes(`IPv${String(address.family)}`))
    return { reason: 'other-family', says: `${asked} is not of its family ${inWords(families)}` }
  const holding = pools.find((one) => rangesOf(one).some((range) => rangeHas(range, address)))
  if (holding === undefined) return { reason: 'address-in-no-pool', says: `${asked} is in no pool` }
  if (holding.spec?.avoidBuggyIPs === true && buggy(rangeOf(address)) > 0n)
    return {
      reason: 'buggy-address',
      says: `${asked} ends in .0 or .255, and pool ${poolName(holding)} has avoidBuggyIPs`,
    }
  const { pool } = requestOf(service)
  if (pool !== null && poolName(holding) !== pool)
    return { reason: 'address-not-in-pool', says: `${asked} is not in pool ${pool}, which it asks for too` }
  const closed = whyRefused(evidence, holding, service)
  if (closed !== null)
    return { reason: 'pool-not-for-service', says: `pool ${poolName(holding)}, which has ${address.text}, ${closed}` }
  return notShared(evidence, service, address)
}

/** Why a Service cannot have an address that others hold; null where nobody holds it, or it may share it with all who do. */
function notShared(evidence: Evidence, service: Service, address: Address): Why | null {
  for (const holder of known(evidence.kubernetes.services) ?? []) {
    if (holder === service || !holder.status?.loadBalancer?.ingress?.some(({ ip }) => ip === address.text)) continue
    const why = whyNotShared(holder, service)
    if (why !== null)
      return {
        reason: unshared[why.by],
        says: `Service ${objectName(holder)} holds ${address.text}, and ${why.says}`,
        holder,
      }
  }
  return null
}

const unshared = { key: 'address-not-shared', selector: 'not-one-selector', port: 'port-in-use' } as const

/** Of a Service that asks for no address but for one to share: why it may share none of those that its key has, where its pools have no other. */
function sharesNone(evidence: Evidence, service: Service, pools: readonly IPAddressPool[]): Why | null {
  const key = sharingKey(service)
  const { pool: name, addresses } = requestOf(service)
  if (key === null || addresses.length > 0) return null
  const usable = pools.filter((pool) =>
    name === null ? whyNotFrom(evidence, pool, service) === null : poolName(pool) === name,
  )
  if (usable.length === 0 || !usable.every((pool) => isFull(evidence, pool, service))) return null
  const held = usable
    .flatMap((pool) => holdingsOf(evidence, pool))
    .filter(({ service: holder }) => holder !== service && sharingKey(holder) === key)
  for (const { address: text } of held) {
    const address = parseAddress(text)
    const why = address === null ? null : notShared(evidence, service, address)
    if (why !== null && why.reason !== unshared.key) return why
  }
  return null
}

function asks(service: Service): Proof[] {
  const keys = Object.keys(service.metadata?.annotations ?? {}).filter((key) =>
    /^metallb\.(io|universe\.tf)\//.test(key),
  )
  return [
    ...keys.map((key) => cite(service, 'metadata', 'annotations', key)),
    ...(service.spec?.loadBalancerIP === undefined ? [] : [cite(service, 'spec', 'loadBalancerIP')]),
  ]
}
