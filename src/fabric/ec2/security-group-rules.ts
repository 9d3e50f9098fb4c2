import { awsFile, type IpPermission, type SecurityGroup } from '../../evidence/ec2/kinds.ts'
import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gap, isGap, known, type Gap, type Known } from '../../evidence/gap.ts'
import { parseCidr, type Cidr } from '../../net/range.ts'
import { protocolNumber } from './ip-protocol.ts'
import { perEvidence, perEvidenceAnd } from '../../evidence/memo.ts'
import { partOf } from '../../evidence/part.ts'

/** Whom a rule admits. */
type Peer =
  | { readonly kind: 'cidr'; readonly cidr: Cidr }
  | { readonly kind: 'prefix-list'; readonly id: string }
  | { readonly kind: 'group'; readonly id: string; readonly vpcId: string | null }
  | { readonly kind: 'unreadable' }

/**
 * One rule of a security group, whichever call it was read from. `protocol` is null for every protocol; `from` and `to` are ports,
 * or type and code of ICMP, -1 for any.
 */
export interface GroupRule {
  readonly groupId: string
  readonly egress: boolean
  readonly protocol: number | null
  readonly from: number
  readonly to: number
  readonly peer: Peer
  /** The id of the rule, where the call gave one. */
  readonly id: string | null
  readonly proof: () => Proof
}

const rulesByGroup = perEvidence((evidence: Evidence): Known<ReadonlyMap<string, readonly GroupRule[]>> => {
  const { securityGroupRules, securityGroups } = evidence.aws
  const rules = !isGap(securityGroupRules) ? flatRules(securityGroupRules) : null
  const listed = rules ?? (isGap(securityGroups) ? null : securityGroups.flatMap(rulesOf))
  if (listed === null)
    return isGap(securityGroupRules) ? securityGroupRules : gap('aws/describe-security-groups.json', 'not read')
  const byGroup = new Map<string, GroupRule[]>()
  for (const { GroupId } of known(securityGroups) ?? []) if (GroupId !== undefined) byGroup.set(GroupId, [])
  for (const rule of listed) {
    const list = byGroup.get(rule.groupId)
    if (list === undefined) byGroup.set(rule.groupId, [rule])
    else list.push(rule)
  }
  return byGroup
})

/** The rules of a group; a gap where it is in no answer. `DescribeSecurityGroupRules` is preferred: its rules have ids to cite. */
export function rulesOfGroup(evidence: Evidence, groupId: string): Known<readonly GroupRule[]> {
  const byGroup = rulesByGroup(evidence)
  if (isGap(byGroup)) return byGroup
  return byGroup.get(groupId) ?? gap('aws/describe-security-groups.json', `does not have ${groupId}`)
}

interface Hidden {
  readonly rule: GroupRule | null
  readonly gap: Gap
}

/**
 * Rules of a group that `DescribeSecurityGroups` shows and the listing of rules, which was read too, does not have; and null in their place
 * where the listing says itself that there are more.
 */
export const hiddenRules = perEvidenceAnd((evidence: Evidence, groupId: string): readonly Hidden[] => {
  const { securityGroupRules, securityGroups } = evidence.aws
  if (isGap(securityGroupRules)) return []
  const part = partOf(securityGroupRules)
  if (part !== null) return [{ rule: null, gap: part }]
  const listed = new Set((known(rulesOfGroup(evidence, groupId)) ?? []).map(keyOf))
  const group = (known(securityGroups) ?? []).find(({ GroupId }) => GroupId === groupId)
  const missing = group === undefined ? [] : rulesOf(group).filter((rule) => !listed.has(keyOf(rule)))
  const why = gap(awsFile('securityGroupRules'), `lacks a rule of ${groupId}, which ${awsFile('securityGroups')} names`)
  return missing.map((rule) => ({ rule, gap: why }))
})

function keyOf({ egress, protocol, from, to, peer }: GroupRule): string {
  const whom = peer.kind === 'cidr' ? peer.cidr.text : peer.kind === 'unreadable' ? '' : peer.id
  const ports = protocol === null ? '' : `${String(from)}-${String(to)}`
  return [egress, protocol, ports, peer.kind, whom].join(' ')
}

function flatRules(items: readonly Parameters<typeof flatRule>[0][]): GroupRule[] {
  return items.map(flatRule)
}

function flatRule(item: {
  readonly SecurityGroupRuleId?: string | undefined
  readonly GroupId?: string | undefined
  readonly IsEgress?: boolean | undefined
  readonly IpProtocol?: string | undefined
  readonly FromPort?: number | undefined
  readonly ToPort?: number | undefined
  readonly CidrIpv4?: string | undefined
  readonly CidrIpv6?: string | undefined
  readonly PrefixListId?: string | undefined
  readonly ReferencedGroupInfo?:
    { readonly GroupId?: string | undefined; readonly VpcId?: string | undefined } | undefined
}): GroupRule {
  const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo } = item
  return {
    groupId: item.GroupId ?? '',
    egress: item.IsEgress === true,
    protocol: protocolNumber(item.IpProtocol),
    from: item.FromPort ?? -1,
    to: item.ToPort ?? -1,
    peer: peerOf(CidrIpv4 ?? CidrIpv6, PrefixListId, ReferencedGroupInfo?.GroupId, ReferencedGroupInfo?.VpcId),
    id: item.SecurityGroupRuleId ?? null,
    proof: () => cite(item),
  }
}

function peerOf(
  cidr: string | undefined,
  prefixList: string | undefined,
  group: string | undefined,
  vpcId: string | undefined,
): Peer {
  const range = parseCidr(cidr)
  if (range !== null) return { kind: 'cidr', cidr: range }
  if (prefixList !== undefined) return { kind: 'prefix-list', id: prefixList }
  return group === undefined ? { kind: 'unreadable' } : { kind: 'group', id: group, vpcId: vpcId ?? null }
}

function rulesOf(group: SecurityGroup): GroupRule[] {
  const direction = (member: 'IpPermissions' | 'IpPermissionsEgress') =>
    (group[member] ?? []).flatMap((permission, index) => permissionRules(group, permission, member, index))
  return [...direction('IpPermissions'), ...direction('IpPermissionsEgress')]
}

/** One permission of `DescribeSecurityGroups` holds many peers: each is a rule. */
function permissionRules(
  group: SecurityGroup,
  permission: IpPermission,
  member: 'IpPermissions' | 'IpPermissionsEgress',
  index: number,
): GroupRule[] {
  const rule = (peer: Peer, list: string, place: number): GroupRule => ({
    groupId: group.GroupId ?? '',
    egress: member === 'IpPermissionsEgress',
    protocol: protocolNumber(permission.IpProtocol),
    from: permission.FromPort ?? -1,
    to: permission.ToPort ?? -1,
    peer,
    id: null,
    proof: () => cite(group, member, index, list, place),
  })
  return [
    ...(permission.IpRanges ?? []).map(({ CidrIp }, place) =>
      rule(peerOf(CidrIp, undefined, undefined, undefined), 'IpRanges', place),
    ),
    ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6 }, place) =>
      rule(peerOf(CidrIpv6, undefined, undefined, undefined), 'Ipv6Ranges', place),
    ),
    ...(permission.PrefixListIds ?? []).map(({ PrefixListId }, place) =>
      rule(peerOf(undefined, PrefixListId, undefined, undefined), 'PrefixListIds', place),
    ),
    ...(permission.UserIdGroupPairs ?? []).map(({ GroupId, VpcId }, place) =>
      rule(peerOf(undefined, undefined, GroupId, VpcId), 'UserIdGroupPairs', place),
    ),
  ]
}
