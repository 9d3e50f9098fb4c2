import { isGap } from '../../evidence/gap.ts'
import { portText } from '../../net/port.ts'
import { rangeText } from '../../net/range.ts'
import { bordersOf, refusal, type Border, type Borders } from '../../fabric/ec2/border.ts'
import { clientSet, rangesText, type ClientSet } from '../../fabric/ec2/client-set.ts'
import { arrivalInterface } from '../../fabric/ec2/delivery.ts'
import { citePart, freeNumber, ruleText, type AclPart } from '../../fabric/ec2/network-acls.ts'
import { idOf } from '../../fabric/ec2/words.ts'
import { cite } from '../../evidence/cite.ts'
import { answerInterface } from '../../journey/answer-interface.ts'
import type { NodeContext } from '../check.ts'
import { fail, pass, unknown, warn, type Draft, type Remedy } from '../finding.ts'

/** What the network ACLs do with the packets of one direction: `in` from the client to the VIP, `return` with the answers. */
export function aclFindings(context: NodeContext, direction: 'in' | 'return'): readonly Draft[] {
  const { evidence, question, node } = context
  const what =
    direction === 'in'
      ? portText(question.port)
      : `answers to ${question.port.protocol} from ${question.vip?.text ?? ''}`
  const arrival = (direction === 'in' ? arrivalInterface : answerInterface)(evidence, question, node)
  const doubt = `It is not known whether network ACLs let ${what} pass at ${node}`
  if (isGap(arrival) || arrival === null)
    return [unknown('arrival-not-known', `node/${node}`, `${doubt}.`, isGap(arrival) ? [arrival] : [])]
  const client = clientSet(evidence, question, arrival)
  if (isGap(client)) return [unknown('client-not-known', `eni/${idOf(arrival)}`, `${doubt}.`, [client])]
  const subnetId = arrival.SubnetId ?? ''
  const beside = question.client.kind === 'vpc'
  const borders = bordersOf(evidence, question, arrival, client, direction)
  if (isGap(evidence.aws.networkAcls)) {
    // Nothing on this client's way hangs on them where it stands in the same subnet; the finding still says what was not read.
    const harmless = beside && borders.documented ? `; hosts in ${subnetId} itself meet none` : ''
    return [
      unknown(
        'acls-not-read',
        `subnet/${subnetId}`,
        `${doubt}: that needs the permission ec2:DescribeNetworkAcls${harmless}.`,
        [evidence.aws.networkAcls],
        [],
        {
          blocks: harmless === '',
        },
      ),
    ]
  }
  const subject = `subnet/${subnetId}`
  if (borders.gaps.length > 0)
    return [
      unknown('borders-not-known', subject, `${doubt}.`, borders.gaps, [], { blocks: !(beside && borders.documented) }),
    ]
  const proof = borders.borders.map(({ judgement }) => cite(judgement.acl, 'Entries'))
  const same = `Hosts in ${subnetId} reach ${node} without a network ACL in between`
  if (refusal(borders) === 'none') {
    const ids = [...new Set(borders.borders.map(({ judgement }) => judgement.acl.NetworkAclId ?? ''))].join(' and ')
    const let_ = ids === '' ? '' : `${ids} let${ids.includes(' and ') ? '' : 's'} ${what} pass`
    if (!beside || !borders.documented)
      return [
        pass(
          let_ === '' ? 'inside-subnet' : 'allowed',
          subject,
          let_ === ''
            ? `${client.text} is in ${subnetId}, and no network ACL stands inside a subnet.`
            : `${let_} for ${client.text}.`,
          proof,
        ),
      ]
    return [
      pass(
        let_ === '' ? 'inside-subnet' : 'allowed-for-others',
        subject,
        `${same}${let_ === '' ? '' : `; for those in the rest of the VPC ${let_}`}.`,
        proof,
      ),
    ]
  }
  return refused(context, direction, borders, client, { beside, same, what, doubt })
}

interface Words {
  readonly beside: boolean
  readonly same: string
  readonly what: string
  readonly doubt: string
}

function refused(
  { question }: NodeContext,
  direction: 'in' | 'return',
  borders: Borders,
  client: ClientSet,
  { beside, same, what, doubt }: Words,
): readonly Draft[] {
  const found = borders.borders.flatMap((border) => border.judgement.denied.map((part) => ({ border, part })))
  const [first] = [...found].sort((one, other) => one.part.ports.first - other.part.ports.first)
  if (first === undefined) return []
  const { border, part } = first
  const { judgement, subnetId } = border
  const { acl, egress } = judgement
  const name = `${acl.NetworkAclId ?? ''} of ${subnetId}`
  const way = egress ? 'on the way out' : 'on the way in'
  const which =
    direction === 'in' ? '' : `, from port ${String(part.ports.first)} to ${String(part.ports.last)} of the client`
  const far = egress === (direction === 'in') ? rangeText(part.peers) : rangesText(partsOf(border))
  const proof = [citePart(acl, part)]
  const fix = fixOf(question.port.protocol, border, part)
  const subject = `network-acl/${acl.NetworkAclId ?? ''}`
  const sentence = `${name} refuses ${what} ${way} (${egress ? 'to' : 'from'} ${far})${which}: ${ruleText(part)}.`
  const more = { awsCode: 'SUBNET_ACL_RESTRICTION', ...(fix === null ? {} : { fix }) }
  if (!borders.documented)
    return [
      unknown(
        'inside-subnet-undocumented',
        subject,
        `${doubt}: ${sentence.replace(/\.$/, '')}, and whether network ACLs are asked inside a subnet, where a route leads to the VIP, is not documented.`,
        [],
        proof,
        more,
      ),
    ]
  if (beside)
    return [warn('refused-for-others', subject, `${same}, but for others in the VPC ${sentence}`, proof, more)]
  const partial = refusal(borders) === 'some'
  const rest = partial ? ` The rest of ${client.text} gets through.` : ''
  return [
    fail(
      partial ? 'refused-in-part' : 'refused',
      subject,
      `${sentence}${direction === 'in' ? rest : partial ? ' Connections from its other ports work.' : ''}`,
      proof,
      fix,
      { awsCode: 'SUBNET_ACL_RESTRICTION', partial },
    ),
  ]
}

const partsOf = ({ judgement }: Border) => judgement.denied.slice(0, 3).map(({ peers }) => peers)

function fixOf(protocol: string, { judgement }: Border, part: AclPart): Remedy | null {
  const { acl, egress } = judgement
  const number = freeNumber(acl, egress, part)
  if (number === null) return null
  const { first, last } = part.ports
  const text = rangeText(part.peers)
  const cidr = text.includes('/') ? text : `${text}/${part.peers.family === 4 ? '32' : '128'}`
  const ports = first === 0 ? '' : ` --port-range From=${String(first)},To=${String(last)}`
  return {
    commands: [
      `aws ec2 create-network-acl-entry --network-acl-id ${acl.NetworkAclId ?? ''} ${egress ? '--egress' : '--ingress'} --rule-number ${String(number)} --protocol ${protocol}${ports} --${part.peers.family === 4 ? '' : 'ipv6-'}cidr-block ${cidr} --rule-action allow`,
    ],
    changes: `Holds for every subnet with this ACL; the first matching rule decides, so rule ${String(number)} comes before what refuses now. Not to be used where somebody refuses these packets on purpose.`,
  }
}
