import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Gap, type Known } from '../../evidence/gap.ts'
import { lackingInterfaces } from '../../evidence/lacking.ts'
import { parseCidr, rangeCovers, type Range } from '../../net/range.ts'
import { joined, within, withinJoined, without } from '../../net/range-set.ts'
import { holdingsOf, interfacesOfVpc } from './holders.ts'
import { hasPorts, ICMP, ICMPV6 } from './ip-protocol.ts'
import { perEvidenceAnd } from '../../evidence/memo.ts'
import { hiddenRules, rulesOfGroup, type GroupRule } from './security-group-rules.ts'

/**
 * Packets whose passage is asked: one protocol (null: any), one port (or type and code of ICMP; null for protocols without), and a set of peers:
 * sources at ingress, destinations at egress. The address of the interface itself plays no part: groups never look at it.
 */
export interface Flow {
  readonly protocol: number | null
  readonly port: number | null
  readonly icmp?: { readonly type: number; readonly code: number }
  readonly peers: readonly Range[]
  /** Whether the peers' groups are known from their addresses. False for the default client: any other host of the subnet, in whatever group. */
  readonly groupsKnown: boolean
  /** Groups of the interface that sends the packets, where their source is not one of its addresses (a pod's, say). */
  readonly senderGroups?: readonly string[]
}

/** What may let packets through that cannot be decided: a rule by group, or a gap. */
interface Possible {
  readonly ranges: readonly Range[]
  readonly rule: GroupRule | null
  readonly gap: Gap | null
}

/** What the groups of an interface do with a flow. `admitted`, `refused` and `open` part the flow's peers between them. */
export interface Judgement {
  readonly answer: 'all' | 'none' | 'some' | 'unknown'
  readonly admitted: readonly Range[]
  readonly refused: readonly Range[]
  /** Neither admitted for certain nor refused for certain. */
  readonly open: readonly Range[]
  /** The rules that admit, in the order of the evidence. */
  readonly rules: readonly GroupRule[]
  readonly possible: readonly Possible[]
  /** The rules that were asked, for a proof that none admits. */
  readonly asked: readonly GroupRule[]
}

/**
 * Judges a flow against the rules of all groups of an interface: rules only allow, any match admits, no rule refuses
 * (VPC User Guide, "Security group rules"). The order of rules means nothing.
 */
export function judgeGroups(
  evidence: Evidence,
  groupIds: readonly string[],
  vpcId: string,
  direction: 'ingress' | 'egress',
  flow: Flow,
): Judgement {
  const rules: GroupRule[] = []
  const asked: GroupRule[] = []
  const possible: Possible[] = []
  const admitted: Range[] = []
  const vpc = membersOfVpc(evidence, vpcId)
  for (const groupId of groupIds) {
    const own = rulesOfGroup(evidence, groupId)
    if (isGap(own)) {
      possible.push({ ranges: flow.peers, rule: null, gap: own })
      continue
    }
    for (const rule of own) {
      if (rule.egress !== (direction === 'egress')) continue
      asked.push(rule)
      if (!matches(rule, flow)) continue
      const peers = peersOf(evidence, vpc, rule, flow)
      if (peers.certain.length > 0) {
        rules.push(rule)
        admitted.push(...peers.certain)
      }
      if (peers.possible.length > 0) possible.push({ ranges: peers.possible, rule, gap: peers.gap })
    }
    for (const { rule, gap } of hiddenRules(evidence, groupId)) {
      if (rule !== null && (rule.egress !== (direction === 'egress') || !matches(rule, flow))) continue
      const peers = rule === null ? perhaps(flow.peers) : peersOf(evidence, vpc, rule, flow)
      possible.push({ ranges: [...peers.certain, ...peers.possible], rule, gap })
    }
  }
  return concluded(flow, joined(admitted), possible, rules, asked)
}

function concluded(
  flow: Flow,
  admitted: readonly Range[],
  possible: readonly Possible[],
  rules: readonly GroupRule[],
  asked: readonly GroupRule[],
): Judgement {
  const left = without(flow.peers, admitted)
  const open = joined(possible.flatMap(({ ranges }) => left.flatMap((range) => within(ranges, range))))
  const refused = without(left, open)
  const answer =
    left.length === 0
      ? 'all'
      : refused.length === 0 || (open.length > 0 && admitted.length === 0)
        ? 'unknown'
        : admitted.length === 0
          ? 'none'
          : 'some'
  return {
    answer,
    admitted,
    refused,
    open,
    rules,
    possible: possible.filter(({ ranges }) => touches(ranges, left)),
    asked,
  }
}

const touches = (ranges: readonly Range[], others: readonly Range[]): boolean =>
  ranges.some((range) => within(others, range).length > 0)

/** Whether a rule is about the flow's protocol and port. */
function matches({ protocol, from, to }: GroupRule, flow: Flow): boolean {
  if (protocol === null) return true
  if (protocol !== flow.protocol) return false
  if (hasPorts(protocol)) return from === -1 || (flow.port !== null && from <= flow.port && flow.port <= to)
  if (protocol === ICMP || protocol === ICMPV6) {
    if (from === -1 || flow.icmp === undefined) return from === -1
    return from === flow.icmp.type && (to === -1 || to === flow.icmp.code)
  }
  return true
}

/** Of the flow's peers, those that a rule is for, and those that it may be for. */
interface Peers {
  readonly certain: readonly Range[]
  readonly possible: readonly Range[]
  readonly gap: Gap | null
}

const certainly = (certain: readonly Range[]): Peers => ({ certain, possible: [], gap: null })
const perhaps = (possible: readonly Range[], gap: Gap | null = null): Peers => ({ certain: [], possible, gap })

function peersOf(evidence: Evidence, { vpcId, members, unlisted }: Members, { peer }: GroupRule, flow: Flow): Peers {
  switch (peer.kind) {
    case 'cidr':
      return certainly(within(flow.peers, peer.cidr))
    case 'prefix-list': {
      const list = evidence.aws.prefixListEntries(peer.id)
      if (isGap(list)) return perhaps(flow.peers, list)
      const ranges = (list.Entries ?? []).flatMap(({ Cidr: text }) => parseCidr(text) ?? [])
      return certainly(ranges.flatMap((range) => within(flow.peers, range)))
    }
    case 'group': {
      // A group of a peered VPC: its members are in another account's answers.
      if (peer.vpcId !== null && peer.vpcId !== vpcId) return perhaps(flow.peers)
      if (isGap(members)) return perhaps(flow.peers, members)
      const own = members.get(peer.id) ?? []
      const certain = flow.peers.flatMap((range) => withinJoined(own, range))
      // A group means the private addresses of its members (VPC User Guide). Whether it also covers what a member sends from another
      // address is not stated, so it stays open.
      const asSender = flow.senderGroups?.includes(peer.id) === true
      const isOpen = asSender || !flow.groupsKnown || unlisted !== null
      return { certain, possible: isOpen ? flow.peers : [], gap: unlisted }
    }
    case 'unreadable':
      return perhaps(flow.peers)
  }
}

/** Who is in the groups of a VPC; `unlisted` says that the listing lacks somebody. */
interface Members {
  readonly vpcId: string
  readonly members: Known<ReadonlyMap<string, readonly Range[]>>
  readonly unlisted: Gap | null
}

const membersOfVpc = perEvidenceAnd((evidence: Evidence, vpcId: string): Members => ({
  vpcId,
  members: groupAddresses(evidence, vpcId),
  unlisted: lackingInterfaces(evidence, vpcId),
}))

/** The private addresses of each group's members, in order. */
function groupAddresses(evidence: Evidence, vpcId: string): Members['members'] {
  const enis = interfacesOfVpc(evidence, vpcId)
  if (isGap(enis)) return enis
  const byGroup = new Map<string, Range[]>()
  for (const eni of enis) {
    const own = holdingsOf(eni).map(({ range }) => range)
    for (const { GroupId = '' } of eni.Groups ?? []) {
      const list = byGroup.get(GroupId)
      if (list === undefined) byGroup.set(GroupId, [...own])
      else list.push(...own)
    }
  }
  return new Map([...byGroup].map(([groupId, ranges]) => [groupId, joined(ranges)]))
}

/** The ids of an interface's groups. */
export const groupsOf = (eni: NetworkInterface): readonly string[] =>
  (eni.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? [])

/** Whether a rule of this form, were it added, would admit the whole flow: used to tell a consequence from a cause of its own. */
export function wouldAdmit(
  rule: { readonly protocol: number; readonly from: number; readonly to: number; readonly peers: readonly Range[] },
  flow: Flow,
): boolean {
  return (
    rule.protocol === flow.protocol &&
    flow.port !== null &&
    rule.from <= flow.port &&
    flow.port <= rule.to &&
    flow.peers.every((range) => rule.peers.some((outer) => rangeCovers(outer, range)))
  )
}
