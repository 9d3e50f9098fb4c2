import { sh, word, type Command, type Word } from '../../net/shell.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, type Known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import type { Port } from '../../net/port.ts'
import { prefixesOf, rangeCovers, type Range } from '../../net/range.ts'
import { vpcById, vpcRanges } from './address-space.ts'
import { clientSet, type ClientSet } from './client-set.ts'
import { numberOf } from './ip-protocol.ts'
import { groupsOf, judgeGroups, type Judgement } from './security-groups.ts'

/** Whether the security groups of an interface let the question's client in, at one port. */
export interface ClientAdmission {
  readonly client: ClientSet
  readonly groupIds: readonly string[]
  readonly judgement: Judgement
}

/** Judges the client as a set; where a part of it gets through, only the addresses count that an unnamed host may have. */
export function admitsClient(
  evidence: Evidence,
  question: Question,
  arrival: NetworkInterface,
  port: Port,
): Known<ClientAdmission> {
  const client = clientSet(evidence, question, arrival)
  if (isGap(client)) return client
  const groupIds = groupsOf(arrival)
  const judge = (peers: readonly Range[]) =>
    judgeGroups(evidence, groupIds, arrival.VpcId ?? '', 'ingress', {
      protocol: numberOf(port.protocol),
      port: port.port,
      peers,
      groupsKnown: client.groupsKnown,
    })
  const whole = judge(client.peers)
  const judgement = whole.answer === 'all' || whole.answer === 'none' ? whole : judge(client.narrowed())
  return { client, groupIds, judgement }
}

/**
 * The ranges worth writing into a rule for a client: everything for the internet; the range of the VPC for a client inside it, since the
 * next client is another host of it, and the nodes pass packets on to each other at the same port; its own addresses otherwise.
 */
export function rangesForRule(
  evidence: Evidence,
  { client }: Question,
  { peers }: ClientSet,
  vpcId: string,
): readonly Range[] {
  const [first] = peers
  if (client.kind === 'internet' && first !== undefined) {
    return [{ family: first.family, first: 0n, last: first.family === 4 ? (1n << 32n) - 1n : (1n << 128n) - 1n }]
  }
  const vpc = vpcById(evidence, vpcId)
  const around = isGap(vpc) ? undefined : vpcRanges(vpc).find((range) => peers.every((one) => rangeCovers(range, one)))
  return around === undefined ? peers : [around]
}

/** The `--ip-permissions` argument that admits a port from ranges, quoted for a shell. */
export function permissionText(protocol: string, from: number, to: number, ranges: readonly Range[]): Word {
  const v4 = ranges.filter(({ family }) => family === 4).flatMap(prefixesOf)
  const v6 = ranges.filter(({ family }) => family === 6).flatMap(prefixesOf)
  const peers = [
    ...(v4.length > 0 ? [`IpRanges=[${v4.map(({ text }) => `{CidrIp=${text}}`).join(',')}]`] : []),
    ...(v6.length > 0 ? [`Ipv6Ranges=[${v6.map(({ text }) => `{CidrIpv6=${text}}`).join(',')}]`] : []),
  ]
  const ports = protocol === '-1' ? '' : `FromPort=${String(from)},ToPort=${String(to)},`
  return word(`IpProtocol=${protocol},${ports}${peers.join(',')}`)
}

/** The permission of a group's members for each other: one port, or everything for a port of null. */
export const permissionOfMembers = (groupId: string, protocol: string, port: number | null): Word =>
  word(
    `IpProtocol=${protocol},${port === null ? '' : `FromPort=${String(port)},ToPort=${String(port)},`}UserIdGroupPairs=[{GroupId=${groupId}}]`,
  )

/** The command that adds a rule to a group. */
export const authorize = (groupId: string, direction: 'ingress' | 'egress', permission: Word): Command =>
  sh`aws ec2 authorize-security-group-${direction} --group-id ${groupId} --ip-permissions ${permission}`
