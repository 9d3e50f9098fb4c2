import { cite, type Proof } from '../evidence/cite.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { gap, gapsAmong, isGap, known, type Gap } from '../evidence/gap.ts'
import { kubernetesFile, objectName, type LabelSelector, type Service } from '../evidence/kubernetes/kinds.ts'
import { inWords } from '../net/words.ts'
import { findLease, holderOf, secondsOverdue } from './kube-vip/leases.ts'
import { selects } from './selector.ts'

/** What Cilium's objects say of who announces a Service: the nodes that do, none where nobody does, and why, as a clause. */
export interface Told {
  readonly nodes: readonly string[]
  readonly says: string
  readonly proof: Proof
  /** What was not read of whether these nodes have an interface to announce on; a lease is held without one, too. */
  readonly unread?: readonly Gap[]
}

/** Labels of a Service as Cilium's selectors see them (Cilium documentation, "L2 Announcements: Service Selector"). */
const seenLabels = ({ metadata }: Service): Readonly<Record<string, string>> => ({
  ...metadata?.labels,
  'io.kubernetes.service.name': metadata?.name ?? '',
  'io.kubernetes.service.namespace': metadata?.namespace ?? '',
})

/** A selector that is not there chooses everything. */
export const choosesService = (selector: LabelSelector | undefined, service: Service): boolean =>
  selector === undefined || selects(selector, seenLabels(service))

/**
 * L2 announcements: the agent that holds the lease `cilium-l2announce-NAMESPACE-NAME` answers ARP, on the interfaces of the policy that
 * selects the Service and the node (Cilium 1.18 pkg/l2announcer). Null where neither leases nor policies tell.
 */
export function byL2(evidence: Evidence, service: Service): Told | null {
  const { namespace = '', name = '' } = service.metadata ?? {}
  const lease = findLease(evidence, { name: `cilium-l2announce-${namespace}-${name}`, namespace: null })
  if (isGap(lease)) return null
  if (lease === null) return whyNoLease(evidence, service)
  const holder = holderOf(evidence, lease)
  const overdue = secondsOverdue(evidence, lease)
  if (overdue === null) return null
  const proof = cite(lease, 'spec')
  if (holder === null || overdue > 0) return { nodes: [], says: `nobody holds the lease ${objectName(lease)}`, proof }
  const { ciliuml2announcementpolicies, configmaps } = evidence.kubernetes
  return (
    offInterface(evidence, service, holder) ?? {
      nodes: [holder],
      says: `${holder} holds the lease ${objectName(lease)}`,
      proof,
      unread: gapsAmong(
        ciliuml2announcementpolicies,
        lackingPolicy(evidence, service),
        configmaps,
        evidence.node(holder).ipLink,
      ),
    }
  )
}

/** A lease is taken by a policy: one that no policy explains shows that the listing is not whole. */
const lackingPolicy = (evidence: Evidence, service: Service): Gap | null =>
  policiesFor(evidence, service)?.length === 0
    ? gap(
        kubernetesFile('ciliuml2announcementpolicies'),
        `lacks the policy by which ${kubernetesFile('leases')} shows a lease of ${objectName(service)} held`,
      )
    : null

/** The policies that announce the Service's addresses; null where they were not read. */
const policiesFor = ({ kubernetes: { ciliuml2announcementpolicies } }: Evidence, service: Service) =>
  known(ciliuml2announcementpolicies)?.filter(
    ({ spec }) => spec?.loadBalancerIPs === true && choosesService(spec.serviceSelector, service),
  ) ?? null

function whyNoLease(evidence: Evidence, service: Service): Told | null {
  const policies = policiesFor(evidence, service)
  if (policies === null) return null
  const { configmaps, nodes } = evidence.kubernetes
  const config = (known(configmaps) ?? []).find(({ metadata }) => metadata?.name === 'cilium-config')
  const [first] = policies
  if (first === undefined)
    return {
      nodes: [],
      says: `no CiliumL2AnnouncementPolicy with loadBalancerIPs: true selects the Service${wanted(evidence, service)}`,
      proof: cite(service, 'metadata', 'labels'),
    }
  if (config !== undefined && config.data?.['enable-l2-announcements'] !== 'true')
    return {
      nodes: [],
      says: 'its agents run without enable-l2-announcements, whatever CiliumL2AnnouncementPolicy there is',
      proof: cite(config, 'data'),
    }
  const all = known(nodes) ?? []
  const selected = policies.some(({ spec }) =>
    all.some(({ metadata }) => spec?.nodeSelector === undefined || selects(spec.nodeSelector, metadata?.labels)),
  )
  return selected || all.length === 0
    ? {
        nodes: [],
        says: `no agent has taken the lease cilium-l2announce-${objectName(service).replace('/', '-')}`,
        proof: cite(first, 'spec'),
      }
    : {
        nodes: [],
        says: `CiliumL2AnnouncementPolicy ${first.metadata?.name ?? ''} selects no node`,
        proof: cite(first, 'spec', 'nodeSelector'),
      }
}

/** The labels that the first policy of such addresses asks for and the Service lacks, in brackets. */
function wanted({ kubernetes: { ciliuml2announcementpolicies } }: Evidence, service: Service): string {
  const policy = known(ciliuml2announcementpolicies)?.find(({ spec }) => spec?.loadBalancerIPs === true)
  const has = seenLabels(service)
  const lacks = Object.entries(policy?.spec?.serviceSelector?.matchLabels ?? {})
    .filter(([key, value]) => has[key] !== value)
    .map(([key, value]) => `${key}=${value}`)
  return lacks.length === 0 ? '' : ` (${policy?.metadata?.name ?? ''} asks for ${inWords(lacks)})`
}

/**
 * A lease is held whether or not the node has an interface that the policy means and Cilium works on: one list that is empty means all of
 * them, and without `devices` in its configuration Cilium finds them itself (Cilium documentation, "L2 Announcements").
 */
function offInterface(evidence: Evidence, service: Service, holder: string): Told | null {
  const links = known(evidence.node(holder).ipLink)
  const policies = policiesFor(evidence, service) ?? []
  const [first] = policies
  if (links === null || first === undefined) return null
  const names = links.flatMap(({ ifname }) => (ifname === undefined || ifname === 'lo' ? [] : [ifname]))
  const meant = names.filter((name) =>
    policies.some(({ spec }) => {
      const patterns = spec?.interfaces ?? []
      return patterns.length === 0 || patterns.some((pattern) => matches(pattern, name))
    }),
  )
  if (meant.length === 0)
    return {
      nodes: [],
      says: `${holder} holds the lease, and CiliumL2AnnouncementPolicy ${first.metadata?.name ?? ''} announces on ${inWords(first.spec?.interfaces ?? [])}, which is none of its interfaces`,
      proof: cite(first, 'spec', 'interfaces'),
    }
  const config = (known(evidence.kubernetes.configmaps) ?? []).find(
    ({ metadata }) => metadata?.name === 'cilium-config',
  )
  const devices = (config?.data?.devices ?? '').split(/[\s,]+/).filter((device) => device !== '')
  if (
    config === undefined ||
    devices.length === 0 ||
    meant.some((name) => devices.some((device) => isDevice(device, name)))
  )
    return null
  return {
    nodes: [],
    says: `${holder} holds the lease, and Cilium works on the devices ${inWords(devices)} alone, of which CiliumL2AnnouncementPolicy ${first.metadata?.name ?? ''} means none on that node`,
    proof: cite(config, 'data', 'devices'),
  }
}

/** `eth+` is every name that begins with `eth`; of what excludes (`!`) it is taken that it does not (Cilium 1.18 pkg/datapath/tables, DeviceFilter). */
const isDevice = (device: string, name: string): boolean =>
  device.startsWith('!') || (device.endsWith('+') ? name.startsWith(device.slice(0, -1)) : name === device)

/** The longest name that an interface can have (IFNAMSIZ in linux/if.h, less the zero behind it). */
const longestName = 15

/**
 * Go's regular expressions and these agree on what names of interfaces need; one that is none here is taken to match. So is one that Go
 * would finish and this engine might not: with a group that is repeated, or many repetitions.
 */
function matches(pattern: string, device: string): boolean {
  if (device.length > longestName) return false
  if (/\)[*+?{]/.test(pattern) || (pattern.match(/[*+?{]/g) ?? []).length > 4) return true
  try {
    return new RegExp(pattern).test(device)
  } catch (error) {
    if (error instanceof SyntaxError) return true
    throw error
  }
}
