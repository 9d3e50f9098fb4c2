import type { KubernetesObject, Service } from '../../../evidence/kubernetes/kinds.ts'

/** What one of MetalLB's refusals means and how to mend it; `command` is what its user types. */
export interface Refusal {
  readonly reason: string
  /** Parts of the event (`REASON: MESSAGE`) by which it is known; any of them. */
  readonly texts: readonly string[]
  readonly means: string
  readonly mend: string
  readonly command: (service: Service, namespace: string) => string
}

const ofService = ({ metadata }: Service, verb: string, rest = ''): string =>
  `kubectl -n ${metadata?.namespace ?? 'default'} ${verb} service ${metadata?.name ?? ''}${rest}`

const edit = (service: Service): string => ofService(service, 'edit')
const showPools = (_: Service, namespace: string): string => `kubectl -n ${namespace} get ipaddresspools -o yaml`
const without =
  (...names: readonly string[]) =>
  (service: Service): string =>
    ofService(service, 'annotate', names.map((name) => ` metallb.io/${name}- metallb.universe.tf/${name}-`).join(''))
const dropField = (service: Service): string =>
  ofService(service, 'patch', ` --type=json -p '[{"op":"remove","path":"/spec/loadBalancerIP"}]'`)

/** MetalLB's refusals (metallb v0.16.1, internal/allocator/allocator.go and controller/service.go); the first that fits an event counts. */
export const refusals: readonly Refusal[] = [
  {
    reason: 'unknown-pool',
    texts: ['unknown pool'],
    means: 'the pool that it names does not exist',
    mend: 'name an IPAddressPool of MetalLB’s namespace in metallb.io/address-pool; without the annotation any pool may serve it',
    command: without('address-pool'),
  },
  {
    reason: 'pool-not-for-service',
    texts: ['not compatible for ip assignment'],
    means: 'the serviceAllocation of the pool admits other namespaces or Services',
    mend: 'ask for another pool, or let the pool’s serviceAllocation admit the Service',
    command: showPools,
  },
  {
    reason: 'other-family',
    texts: ['does not match the ipFamily'],
    means: 'the address is not of the Service’s family',
    mend: 'ask for an address of its ipFamilies',
    command: edit,
  },
  {
    reason: 'address-not-in-pool',
    texts: ['is not compatible with requested address pool'],
    means: 'the address that it asks for is not in the pool that it asks for',
    mend: 'without the annotation the address alone decides; or ask for an address of the pool',
    command: without('address-pool'),
  },
  {
    reason: 'asks-twice',
    texts: ['can not have both'],
    means: 'it asks both by annotation and by spec.loadBalancerIP',
    mend: 'the annotation metallb.io/loadBalancerIPs stays, and spec.loadBalancerIP goes',
    command: dropField,
  },
  {
    reason: 'address-not-shared',
    texts: ["can't change sharing key", 'address also in use by'],
    means: 'another Service holds the address, and the two do not share it',
    mend: 'give both Services the same metallb.io/allow-shared-ip, or ask for another address',
    command: (service) => ofService(service, 'annotate', ' --overwrite metallb.io/allow-shared-ip=KEY'),
  },
  {
    reason: 'port-in-use',
    texts: ['is already in use on'],
    means: 'another Service that shares the address has the same port',
    mend: 'change the port, or ask for another address',
    command: edit,
  },
  {
    reason: 'address-in-no-pool',
    texts: ['is not allowed in config'],
    means: 'the address that it asks for is in no pool, or ends in .0 or .255 in a pool with avoidBuggyIPs',
    mend: 'ask for an address that a pool gives out, or add it to one',
    command: showPools,
  },
  {
    reason: 'no-pool-of-family',
    texts: ['no suitable pool for'],
    means: 'no pool has addresses of its family',
    mend: 'change its ipFamilies, or add a pool with addresses of the family',
    command: showPools,
  },
  {
    reason: 'too-many-addresses',
    texts: ['more than two addresses'],
    means: 'it asks for more than two addresses',
    mend: 'list one address of each family at most',
    command: edit,
  },
  {
    reason: 'two-of-one-family',
    texts: ['has the same family'],
    means: 'it asks for two addresses of one family',
    mend: 'list one address of each family at most',
    command: edit,
  },
  {
    reason: 'load-balancer-ip-no-address',
    texts: ['invalid spec.loadBalancerIP'],
    means: 'what stands in its spec.loadBalancerIP is no address',
    mend: 'write one address, without a port and a prefix length',
    command: edit,
  },
  {
    reason: 'annotation-no-addresses',
    texts: ['invalid metallb.io/loadBalancerIPs', 'invalid metallb.universe.tf/loadBalancerIPs', 'invalid requested'],
    means: 'what stands in its annotation loadBalancerIPs is no list of addresses',
    mend: 'write addresses with a comma between them, without ports and prefix lengths',
    command: edit,
  },
  {
    reason: 'one-family-cluster-ip',
    texts: ['not enough clusterips'],
    means: 'it wants two families, and the cluster gave it a ClusterIP of one only',
    mend: 'set ipFamilyPolicy to SingleStack, or switch dual stack on in the whole cluster (a second range in --service-cluster-ip-range)',
    command: edit,
  },
  {
    reason: 'families-not-derived',
    texts: ['nolbIPsIPFamily', 'noclusterIPsIPFamily'],
    means: 'the family of its addresses cannot be worked out',
    mend: 'look at clusterIPs, ipFamilies and status.loadBalancer: one of them holds what is no address',
    command: edit,
  },
  {
    reason: 'internal-error',
    texts: ['InternalError'],
    means: 'its controller came to a place that it takes for impossible',
    mend: 'read what the controller says, and report it to MetalLB',
    command: (_, namespace) => `kubectl -n ${namespace} logs deployment/controller --tail=50`,
  },
]

/** The refusal that an event tells of; null for one that is not known. */
export const refusalIn = ({ reason = '', message = '' }: Pick<KubernetesObject<'events'>, 'reason' | 'message'>) =>
  refusals.find(({ texts }) => texts.some((text) => `${reason}: ${message}`.includes(text))) ?? null
