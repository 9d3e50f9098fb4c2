import type { NetworkInterface, Subnet } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { known } from '../../evidence/gap.ts'
import { nodeOfInterface } from './node-interfaces.ts'
import type { RouteTarget } from './routes.ts'

/** `a, b and c`; a long list is cut and counted. */
export function listText(names: readonly string[], most = 6): string {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${String(names.length - most + 1)} more`] : names
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`
}

/** An interface’s id for a sentence. */
export const idOf = (eni: NetworkInterface): string => eni.NetworkInterfaceId ?? 'an interface without id'

/** An interface and whose it is: `eni-0abc (worker-1)`, `eni-0def (ELB net/front)`, `eni-0fed (i-0123)`. */
export function interfaceText(evidence: Evidence, eni: NetworkInterface): string {
  const { Description, Attachment } = eni
  const said = Description === '' ? undefined : Description
  const whose = known(nodeOfInterface(evidence, eni)) ?? said ?? Attachment?.InstanceId
  return whose === undefined ? `${idOf(eni)} (attached to nothing)` : `${idOf(eni)} (${whose})`
}

/** A subnet by id and range: `subnet-0abc (10.240.0.0/24)`. */
export const subnetText = (subnet: Subnet, range: { readonly text: string }): string =>
  `${subnet.SubnetId ?? 'a subnet'} (${range.text})`

/** Security groups by id and name: `sg-0abc (kubernetes)`. */
export function groupsText(evidence: Evidence, ids: readonly string[]): string {
  const listed = known(evidence.aws.securityGroups) ?? []
  const names = ids.map((id) => {
    const name = listed.find(({ GroupId }) => GroupId === id)?.GroupName
    return name === undefined ? id : `${id} (${name})`
  })
  return `${ids.length === 1 ? 'Security group' : 'Security groups'} ${listText(names)}`
}

const things: Readonly<Record<RouteTarget['kind'], string>> = {
  local: 'delivery inside the VPC',
  interface: 'interface or instance',
  'internet-gateway': 'internet gateway',
  'nat-gateway': 'NAT gateway',
  'transit-gateway': 'transit gateway',
  peering: 'peering connection',
  'vpn-gateway': 'virtual private gateway',
  endpoint: 'VPC endpoint',
  other: 'target',
}

/** Where a route leads, in words. */
export const targetText = ({ kind, id }: RouteTarget): string =>
  kind === 'local' ? things.local : `${things[kind]} ${id}`
