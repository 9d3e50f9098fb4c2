import type { NetworkAcl, NetworkAclEntry } from '../../evidence/ec2/kinds.ts'
import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gap, isGap, type Known } from '../../evidence/gap.ts'
import { intersect, parseCidr, subtract, type Range } from '../../net/range.ts'
import { hasPorts, ICMP, ICMPV6, protocolNumber } from './ip-protocol.ts'
import { perEvidence } from '../../evidence/memo.ts'

const aclsBySubnet = perEvidence((evidence: Evidence): Known<ReadonlyMap<string, NetworkAcl>> => {
  const { networkAcls } = evidence.aws
  if (isGap(networkAcls)) return networkAcls
  return new Map(
    networkAcls.flatMap((acl) =>
      (acl.Associations ?? []).flatMap(({ SubnetId }): [string, NetworkAcl][] => (SubnetId ? [[SubnetId, acl]] : [])),
    ),
  )
})

/** The network ACL of a subnet: each has exactly one, and the API says which. */
export function aclOfSubnet(evidence: Evidence, subnetId: string): Known<NetworkAcl> {
  const acls = aclsBySubnet(evidence)
  if (isGap(acls)) return acls
  return acls.get(subnetId) ?? gap('aws/describe-network-acls.json', `has no network ACL of ${subnetId}`)
}

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** Packets that cross the border of a subnet: their protocol, the address on the far side, and their destination ports. */
export interface Crossing {
  readonly protocol: number
  readonly peers: readonly Range[]
  readonly ports: PortRange
  readonly icmp?: { readonly type: number; readonly code: number }
}

/** A part of the packets with one fate. `entry` is null where no entry matched, which refuses. */
export interface AclPart {
  readonly peers: Range
  readonly ports: PortRange
  readonly entry: NumberedEntry | null
}

interface NumberedEntry {
  readonly entry: NetworkAclEntry
  readonly index: number
}

/** What one network ACL does with a set of packets in one direction: the parts that it lets through, and those that it does not. */
export interface AclJudgement {
  readonly acl: NetworkAcl
  readonly egress: boolean
  readonly allowed: readonly AclPart[]
  readonly denied: readonly AclPart[]
}

/**
 * Judges packets against a network ACL: entries in the order of their numbers, whatever their order in the answer; the first that matches
 * decides; what none matches is refused (VPC User Guide, "Network ACL rules"). Stateless: answers are judged as packets of their own.
 */
export function judgeAcl(acl: NetworkAcl, egress: boolean, crossing: Crossing): AclJudgement {
  const entries = (acl.Entries ?? [])
    .map((entry, index): NumberedEntry => ({ entry, index }))
    .filter(({ entry }) => (entry.Egress === true) === egress && isAbout(entry, crossing))
    .sort((one, other) => (one.entry.RuleNumber ?? 0) - (other.entry.RuleNumber ?? 0))
  let left: AclPart[] = crossing.peers.map((peers) => ({ peers, ports: crossing.ports, entry: null }))
  const allowed: AclPart[] = []
  const denied: AclPart[] = []
  for (const numbered of entries) {
    const range = parseCidr(numbered.entry.CidrBlock ?? numbered.entry.Ipv6CidrBlock)
    if (range === null) continue
    const split = left.map((part) => cut(part, range, portsOf(numbered.entry, crossing)))
    const hit = split.flatMap(({ inside }) => (inside === null ? [] : [{ ...inside, entry: numbered }]))
    ;(numbered.entry.RuleAction === 'allow' ? allowed : denied).push(...hit)
    left = split.flatMap(({ outside }) => outside)
    if (left.length === 0) break
  }
  return { acl, egress, allowed, denied: [...denied, ...left] }
}

function isAbout({ Protocol, IcmpTypeCode }: NetworkAclEntry, crossing: Crossing): boolean {
  const number = protocolNumber(Protocol)
  if (number === null) return true
  if (number !== crossing.protocol) return false
  if ((number !== ICMP && number !== ICMPV6) || IcmpTypeCode === undefined) return true
  const { Type = -1, Code = -1 } = IcmpTypeCode
  return Type === -1 || (Type === crossing.icmp?.type && (Code === -1 || Code === crossing.icmp.code))
}

function portsOf({ Protocol, PortRange }: NetworkAclEntry, { protocol, ports }: Crossing): PortRange {
  const number = protocolNumber(Protocol)
  if (number === null || !hasPorts(protocol) || PortRange?.From === undefined) return ports
  return { first: PortRange.From, last: PortRange.To ?? PortRange.From }
}

/** Cuts a part in two: what an entry is about, and the rest of it, in at most four pieces. */
function cut(part: AclPart, range: Range, ports: PortRange): { inside: AclPart | null; outside: AclPart[] } {
  const peers = intersect(part.peers, range)
  const first = Math.max(part.ports.first, ports.first)
  const last = Math.min(part.ports.last, ports.last)
  if (peers === null || first > last) return { inside: null, outside: [part] }
  const beside = subtract([part.peers], range).map((rest) => ({ ...part, peers: rest }))
  const below =
    part.ports.first < first ? [{ ...part, peers, ports: { first: part.ports.first, last: first - 1 } }] : []
  const above = last < part.ports.last ? [{ ...part, peers, ports: { first: last + 1, last: part.ports.last } }] : []
  return { inside: { ...part, peers, ports: { first, last } }, outside: [...beside, ...below, ...above] }
}

/** The rule that refused a part, in words. */
export function ruleText({ entry }: AclPart): string {
  const number = entry?.entry.RuleNumber
  if (number === undefined) return 'no rule admits it'
  return number >= 32767 ? 'only the last rule (*) matches, which refuses' : `rule ${String(number)} refuses`
}

/** Proof of what refused a part: the entry, or all of them. */
export const citePart = (acl: NetworkAcl, { entry }: AclPart): Proof =>
  entry === null ? cite(acl, 'Entries') : cite(acl, 'Entries', entry.index)

/** A number that a new rule can have so that it comes before whatever refused: the nearest free one below it, but for those `planned`. */
export function freeNumber(
  acl: NetworkAcl,
  egress: boolean,
  { entry }: AclPart,
  planned: ReadonlySet<number>,
): number | null {
  const taken = new Set([
    ...planned,
    ...(acl.Entries ?? []).filter((one) => (one.Egress === true) === egress).map((one) => one.RuleNumber),
  ])
  const limit = Math.min(entry?.entry.RuleNumber ?? 32767, 32767)
  for (let number = limit > 32000 ? 200 : limit - 1; number > 0; number -= 1) if (!taken.has(number)) return number
  return null
}
