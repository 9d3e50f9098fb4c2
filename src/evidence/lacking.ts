import type { Family } from '../net/address.ts'
import { gap, isGap, known, type Gap } from './gap.ts'
import type { Evidence } from './evidence.ts'
import { awsFile } from './ec2/kinds.ts'
import { fileOfSlices } from './kubernetes/endpoints.ts'
import { kubernetesFile, objectName, type Service } from './kubernetes/kinds.ts'
import { addressesOfPod, podsLabelled } from './kubernetes/pods.ts'
import { nodeFile } from './node/kinds.ts'
import { perEvidence, perEvidenceAnd } from './memo.ts'
import { partOf } from './part.ts'

// What a listing lacks that another one names, or that it says itself: then that something is not in it proves nothing. Each is null where
// nothing is known to be missing.

const lacks = (file: string, what: string, where: string): Gap => gap(file, `lacks ${what}, which ${where} names`)

/** Interfaces of a VPC: instances name theirs, a route that is active its target, and nodes show the MACs of theirs. */
export const lackingInterfaces = perEvidenceAnd((evidence: Evidence, vpcId: string): Gap | null => {
  const { networkInterfaces, instances, routeTables } = evidence.aws
  if (isGap(networkInterfaces)) return networkInterfaces
  const part = partOf(networkInterfaces)
  if (part !== null) return part
  const listed = new Set(networkInterfaces.map(({ NetworkInterfaceId }) => NetworkInterfaceId))
  const isMissing = (id: string | undefined): id is string => id !== undefined && !listed.has(id)
  const attached = (known(instances) ?? []).flatMap(({ VpcId, State, NetworkInterfaces }) =>
    VpcId !== vpcId || State?.Name === 'terminated' ? [] : (NetworkInterfaces ?? []),
  )
  const targets = (known(routeTables) ?? []).flatMap(({ VpcId, Routes }) =>
    VpcId === vpcId ? (Routes ?? []).filter(({ State }) => State === 'active') : [],
  )
  const byInstance = attached.map(({ NetworkInterfaceId }) => NetworkInterfaceId).find(isMissing)
  const byRoute = targets.map(({ NetworkInterfaceId }) => NetworkInterfaceId).find(isMissing)
  const file = awsFile('networkInterfaces')
  if (byInstance !== undefined) return lacks(file, byInstance, awsFile('instances'))
  if (byRoute !== undefined) return lacks(file, byRoute, awsFile('routeTables'))
  return unlistedMac(evidence, new Set(networkInterfaces.flatMap(({ MacAddress = '' }) => MacAddress.toLowerCase())))
})

/** A device of a node that nothing made but its machine (`ip -details` shows no kind), beside one whose MAC is an interface's. */
function unlistedMac(evidence: Evidence, listed: ReadonlySet<string>): Gap | null {
  for (const node of evidence.nodeNames) {
    const links = known(evidence.node(node).ipLink) ?? []
    const hasMac = ({ address = '' }: (typeof links)[number]): boolean => listed.has(address.toLowerCase())
    const isDetailed = links.some(({ linkinfo }) => linkinfo?.info_kind !== undefined)
    if (!isDetailed || !links.some(hasMac)) continue
    const missing = links.find(
      (link) => link.link_type === 'ether' && link.linkinfo?.info_kind === undefined && !hasMac(link),
    )
    if (missing !== undefined)
      return lacks(awsFile('networkInterfaces'), missing.address ?? missing.ifname ?? '', nodeFile(node, 'ipLink'))
  }
  return null
}

/** Subnets of a VPC: its interfaces name theirs. */
export const lackingSubnets = perEvidenceAnd((evidence: Evidence, vpcId: string): Gap | null => {
  const { subnets, networkInterfaces } = evidence.aws
  if (isGap(subnets)) return subnets
  const part = partOf(subnets)
  if (part !== null) return part
  const listed = new Set(subnets.map(({ SubnetId }) => SubnetId))
  const missing = (known(networkInterfaces) ?? []).find(
    ({ VpcId, SubnetId }) => VpcId === vpcId && SubnetId !== undefined && !listed.has(SubnetId),
  )
  if (missing?.SubnetId === undefined) return null
  return lacks(awsFile('subnets'), missing.SubnetId, awsFile('networkInterfaces'))
})

/** Nodes: pods that run name theirs. */
export const lackingNodes = perEvidence((evidence: Evidence): Gap | null => {
  const { nodes, pods } = evidence.kubernetes
  if (isGap(nodes)) return nodes
  const part = partOf(nodes)
  if (part !== null) return part
  const listed = new Set(nodes.map(({ metadata }) => metadata?.name))
  const missing = (known(pods) ?? []).find(
    ({ spec, status }) => spec?.nodeName !== undefined && status?.phase === 'Running' && !listed.has(spec.nodeName),
  )
  if (missing?.spec?.nodeName === undefined) return null
  return lacks(kubernetesFile('nodes'), missing.spec.nodeName, kubernetesFile('pods'))
})

/** EndpointSlices of a Service: one that selects pods which are ready has one for each of its address families. */
export function lackingSlices(evidence: Evidence, service: Service, family: Family, found: number): Gap | null {
  const { endpointslices } = evidence.kubernetes
  if (isGap(endpointslices)) return endpointslices
  const part = partOf(endpointslices)
  if (part !== null) return part
  const [label, ...others] = Object.entries(service.spec?.selector ?? {})
  const selected = label === undefined || found > 0 ? [] : podsLabelled(evidence, service.metadata?.namespace, ...label)
  const ready = selected.find(
    (pod) =>
      others.every(([key, value]) => pod.metadata?.labels?.[key] === value) &&
      pod.metadata?.deletionTimestamp === undefined &&
      pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true &&
      addressesOfPod(pod).some((address) => address.family === family),
  )
  const file = fileOfSlices(endpointslices)
  return ready === undefined
    ? null
    : gap(
        file,
        `lacks the slices of ${objectName(service)}, behind which ${kubernetesFile('pods')} shows ${objectName(ready)} ready`,
      )
}
