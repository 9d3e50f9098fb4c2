import type { KubernetesObject, Service } from '../../../evidence/kubernetes/kinds.ts'
import { startOf } from '../../../net/words.ts'
import { jsonWord, sh, type Command } from '../../../net/shell.ts'
import { dropAddresses, dropAnnotation, dropField } from '../../about/service-request.ts'
import type { Remedy } from '../../finding.ts'

/** What one of MetalLB's refusals means, in a sentence and in brief, and how to mend it. */
interface Refusal {
  readonly reason: string
  /** Parts of the event (`REASON: MESSAGE`) by which it is known; any of them. None where the objects alone tell it. */
  readonly texts: readonly string[]
  readonly brief: string
  readonly means: string
  /** What mends it, or where lines do, what does it as well. */
  readonly mend: string
  /** Lines that mend, where the Service has what they take away. */
  readonly fix?: {
    readonly summary: string
    readonly lines: (service: Service, holder: Service | undefined) => readonly Command[]
  }
  readonly look?: (namespace: string) => Command
}

const chooseAny = { summary: 'let MetalLB choose the address', lines: dropAddresses }
const anyPool = {
  summary: 'let any pool serve it',
  lines: (service: Service) => dropAnnotation(service, 'address-pool'),
}
const showPools = (namespace: string): Command => sh`kubectl -n ${namespace} get ipaddresspools -o yaml`
const oneFamily = ({ metadata }: Service): readonly Command[] => [
  sh`kubectl -n ${metadata?.namespace ?? 'default'} patch service ${metadata?.name} -p ${jsonWord({ spec: { ipFamilyPolicy: 'SingleStack' } })}`,
]

/** Services of externalTrafficPolicy Cluster share an address whatever they select. */
const clusterPolicy = (service: Service, holder: Service | undefined): readonly Command[] =>
  [service, ...(holder === undefined ? [] : [holder])]
    .filter(({ spec }) => spec?.externalTrafficPolicy === 'Local')
    .map(
      ({ metadata }) =>
        sh`kubectl -n ${metadata?.namespace ?? 'default'} patch service ${metadata?.name} -p ${jsonWord({ spec: { externalTrafficPolicy: 'Cluster' } })}`,
    )

/** MetalLB's refusals (metallb v0.16.1, internal/allocator/allocator.go and controller/service.go); the first that fits an event counts. */
const refusals: readonly Refusal[] = [
  {
    reason: 'unknown-pool',
    texts: ['unknown pool'],
    brief: 'it asks for a pool that does not exist',
    means: 'the pool that it names does not exist',
    mend: 'name an IPAddressPool of MetalLB’s namespace in metallb.io/address-pool; without the annotation any pool may serve it',
    fix: anyPool,
  },
  {
    reason: 'pool-not-for-service',
    texts: ['not compatible for ip assignment'],
    brief: 'the pool that it asks for admits others only',
    means: 'the serviceAllocation of the pool admits other namespaces or Services',
    mend: 'ask for another pool, or let the pool’s serviceAllocation admit the Service',
    look: showPools,
  },
  {
    reason: 'other-family',
    texts: ['does not match the ipFamily'],
    brief: 'it asks for an address of another family',
    means: 'the address is not of the Service’s family',
    mend: 'ask for an address of its ipFamilies',
    fix: chooseAny,
  },
  {
    reason: 'address-not-in-pool',
    texts: ['is not compatible with requested address pool'],
    brief: 'its address is not in the pool that it asks for',
    means: 'the address that it asks for is not in the pool that it asks for',
    mend: 'ask for an address of the pool',
    fix: anyPool,
  },
  {
    reason: 'asks-twice',
    texts: ['can not have both'],
    brief: 'it asks for its address in two ways',
    means: 'it asks both by annotation and by spec.loadBalancerIP',
    mend: 'keep the field and drop the annotation metallb.io/loadBalancerIPs',
    fix: { summary: 'drop spec.loadBalancerIP', lines: dropField },
  },
  {
    reason: 'address-not-shared',
    texts: ["can't change sharing key", 'address also in use by'],
    brief: 'another Service holds the address',
    means: 'another Service holds the address, and the two do not share it',
    mend: 'give both Services the same metallb.io/allow-shared-ip, or ask for another address',
    fix: chooseAny,
  },
  {
    reason: 'not-one-selector',
    texts: [],
    brief: 'with Local it cannot share the address',
    means:
      'another Service holds the address, and with externalTrafficPolicy Local only Services of one selector share one',
    mend: 'ask for an address of its own, without metallb.io/allow-shared-ip, from a pool that has one free',
    fix: { summary: 'let the Services take in packets on every node (Cluster)', lines: clusterPolicy },
  },
  {
    reason: 'port-in-use',
    texts: ['is already in use on'],
    brief: 'another Service has its port at the address',
    means: 'another Service that shares the address has the same port',
    mend: 'change the port, or ask for another address',
    fix: chooseAny,
  },
  {
    reason: 'address-in-no-pool',
    texts: ['is not allowed in config'],
    brief: 'it asks for an address that is in no pool',
    means: 'the address that it asks for is in no pool, or ends in .0 or .255 in a pool with avoidBuggyIPs',
    mend: 'ask for an address that a pool gives out, or add it to one',
    fix: chooseAny,
  },
  {
    reason: 'no-pool-of-family',
    texts: ['no suitable pool for'],
    brief: 'no pool has addresses of its family',
    means: 'no pool has addresses of its family',
    mend: 'change its ipFamilies, or add a pool with addresses of the family',
    look: showPools,
  },
  {
    reason: 'too-many-addresses',
    texts: ['more than two addresses'],
    brief: 'it asks for more than two addresses',
    means: 'it asks for more than two addresses',
    mend: 'list one address of each family at most',
    fix: chooseAny,
  },
  {
    reason: 'two-of-one-family',
    texts: ['has the same family'],
    brief: 'it asks for two addresses of one family',
    means: 'it asks for two addresses of one family',
    mend: 'list one address of each family at most',
    fix: chooseAny,
  },
  {
    reason: 'load-balancer-ip-no-address',
    texts: ['invalid spec.loadBalancerIP'],
    brief: 'its spec.loadBalancerIP is no address',
    means: 'what stands in its spec.loadBalancerIP is no address',
    mend: 'write one address, without a port and a prefix length',
    fix: { summary: 'drop spec.loadBalancerIP', lines: dropField },
  },
  {
    reason: 'annotation-no-addresses',
    texts: ['invalid metallb.io/loadBalancerIPs', 'invalid metallb.universe.tf/loadBalancerIPs', 'invalid requested'],
    brief: 'its annotation loadBalancerIPs is no address',
    means: 'what stands in its annotation loadBalancerIPs is no list of addresses',
    mend: 'write addresses with a comma between them, without ports and prefix lengths',
    fix: { summary: 'drop the annotation', lines: (service) => dropAnnotation(service, 'loadBalancerIPs') },
  },
  {
    reason: 'one-family-cluster-ip',
    texts: ['not enough clusterips'],
    brief: 'it wants two families, the cluster has one',
    means: 'it wants two families, and the cluster gave it a ClusterIP of one only',
    mend: 'switch dual stack on in the whole cluster (a second range in --service-cluster-ip-range)',
    fix: { summary: 'ask for one family', lines: oneFamily },
  },
  {
    reason: 'families-not-derived',
    texts: ['nolbIPsIPFamily', 'noclusterIPsIPFamily'],
    brief: 'the family of its addresses is not clear',
    means: 'the family of its addresses cannot be worked out',
    mend: 'look at clusterIPs, ipFamilies and status.loadBalancer: one of them holds what is no address',
  },
  {
    reason: 'internal-error',
    texts: ['InternalError'],
    brief: 'the controller met an internal error',
    means: 'its controller came to a place that it takes for impossible',
    mend: 'read what the controller says, and report it to MetalLB',
    look: (namespace) => sh`kubectl -n ${namespace} logs deployment/controller --tail=50`,
  },
  {
    reason: 'buggy-address',
    texts: [],
    brief: 'its pool gives out no address in .0 or .255',
    means: 'the address that it asks for ends in .0 or .255, and its pool has avoidBuggyIPs',
    mend: 'ask for another address of the pool',
    fix: chooseAny,
  },
  {
    reason: 'no-address',
    texts: [],
    brief: 'what it asks for is no address',
    means: 'what it asks for is no address',
    mend: 'write addresses without ports and prefix lengths',
    fix: chooseAny,
  },
]

/** The refusal that an event tells of; null for one that is not known. */
export const refusalIn = ({ reason = '', message = '' }: Pick<KubernetesObject<'events'>, 'reason' | 'message'>) =>
  refusals.find(({ texts }) => texts.some((text) => `${reason}: ${message}`.includes(text))) ?? null

/** The refusal of a reason; null for a reason that is not known. */
export const refusalOfReason = (reason: string): Refusal | null =>
  refusals.find((refusal) => refusal.reason === reason) ?? null

/** How to mend a refusal of a Service, and of who holds what it asks for; of one that is not known the Service is shown. */
export function mendRefusal(
  refusal: Refusal | null,
  [service, holder]: readonly [Service, Service?],
  metallb: string,
): Remedy {
  const { namespace = 'default', name } = service.metadata ?? {}
  const again = 'MetalLB tries again as soon as the Service or a pool changes.'
  const mend = refusal?.mend ?? 'correct what it asks for, in its annotations metallb.io/… or in spec.loadBalancerIP'
  const lines = refusal?.fix?.lines(service, holder) ?? []
  return refusal?.fix === undefined || lines.length === 0
    ? {
        look: [refusal?.look?.(metallb) ?? sh`kubectl -n ${namespace} get service ${name} -o yaml`],
        advice: `${startOf(mend)}. ${again}`,
      }
    : { summary: refusal.fix.summary, commands: lines, changes: `Or ${mend}. ${again}` }
}
