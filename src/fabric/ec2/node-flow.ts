import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import type { Gap } from '../../evidence/gap.ts'
import { rangeOf, type Range } from '../../net/range.ts'
import { parseAddress, type Address } from '../../net/address.ts'
import { holdingsOf } from './holders.ts'
import { groupsOf, judgeGroups, type Judgement } from './security-groups.ts'

/** Packets from one interface of the cluster to another; addresses that are not the interfaces' own are pods'. */
export interface NodeFlow {
  readonly from: NetworkInterface
  readonly to: NetworkInterface
  readonly source: Address
  readonly destination: Address
  /** Null for whatever protocol there is: only a rule for all of them admits that. */
  readonly protocol: number | null
  /** Null where the protocol has none. */
  readonly port: number | null
}

/** Whether security groups let one interface speak to another. */
export interface NodeFlowJudgement {
  readonly answer: 'admitted' | 'refused' | 'unknown'
  /** The side that refuses, or that is not known. */
  readonly side: 'egress' | 'ingress'
  readonly groupIds: readonly string[]
  readonly judgement: Judgement
  readonly gaps: readonly Gap[]
}

/** Judges both ends: the groups of the sender on the way out, those of the receiver on the way in. */
export function judgeNodeFlow(evidence: Evidence, flow: NodeFlow): NodeFlowJudgement {
  const { from, to, source, destination, protocol, port } = flow
  const vpcId = to.VpcId ?? ''
  const ends = [
    {
      side: 'egress',
      groupIds: groupsOf(from),
      judgement: judgeGroups(evidence, groupsOf(from), vpcId, 'egress', {
        protocol,
        port,
        peers: [rangeOf(destination)],
        groupsKnown: true,
        ...(owns(to, destination) ? {} : { senderGroups: groupsOf(to) }),
      }),
    },
    {
      side: 'ingress',
      groupIds: groupsOf(to),
      judgement: judgeGroups(evidence, groupsOf(to), vpcId, 'ingress', {
        protocol,
        port,
        peers: [rangeOf(source)],
        groupsKnown: true,
        ...(owns(from, source) ? {} : { senderGroups: groupsOf(from) }),
      }),
    },
  ] as const
  const named = (end: (typeof ends)[number], answer: NodeFlowJudgement['answer']): NodeFlowJudgement => ({
    ...end,
    answer,
    gaps: end.judgement.possible.flatMap(({ gap }) => gap ?? []),
  })
  const refusing = ends.find(({ judgement }) => judgement.answer === 'none')
  if (refusing !== undefined) return named(refusing, 'refused')
  const open = ends.find(({ judgement }) => judgement.answer !== 'all')
  return open === undefined ? named(ends[1], 'admitted') : named(open, 'unknown')
}

/** Whether an interface holds an address, alone or in a prefix. */
export const owns = (eni: NetworkInterface, address: Address): boolean =>
  holdingsOf(eni).some(
    ({ range }) => range.family === address.family && range.first <= address.value && address.value <= range.last,
  )

/** The primary address of an interface, in this family. */
export function primaryAddress(eni: NetworkInterface, family: 4 | 6): Address | null {
  const texts = family === 4 ? [eni.PrivateIpAddress] : (eni.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address)
  return texts.flatMap((text) => parseAddress(text) ?? [])[0] ?? null
}

/** The single addresses of some interfaces, for a rule that names them. */
export const primaryRanges = (enis: readonly NetworkInterface[]): readonly Range[] =>
  enis.flatMap((eni) => [primaryAddress(eni, 4)].flatMap((address) => (address === null ? [] : [rangeOf(address)])))
