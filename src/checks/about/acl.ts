import { isGap } from '../../evidence/gap.ts'
import { portText } from '../../net/port.ts'
import { joined } from '../../net/range-set.ts'
import { prefixesOf, rangeText, type Range } from '../../net/range.ts'
import { bordersOf, refusal, type Border, type Borders } from '../../fabric/ec2/border.ts'
import { clientSet, rangesText, type ClientSet } from '../../fabric/ec2/client-set.ts'
import { arrivalInterface } from '../../fabric/ec2/delivery.ts'
import { citePart, freeNumber, ruleText, type AclPart } from '../../fabric/ec2/network-acls.ts'
import { idOf } from '../../fabric/ec2/words.ts'
import { cite } from '../../evidence/cite.ts'
import type { NetworkAcl } from '../../evidence/ec2/kinds.ts'
import { answerInterface } from '../../journey/answer-interface.ts'
import type { NodeContext } from '../check.ts'
import { sh } from '../../net/shell.ts'
import { fail, pass, said, unknown, warn, type Draft, type Remedy } from '../finding.ts'

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
    return [
      unknown(
        'arrival-not-known',
        `node/${node}`,
        said('the node’s interface is not known', `${doubt}.`),
        isGap(arrival) ? [arrival] : [],
      ),
    ]
  const client = clientSet(evidence, question, arrival)
  if (isGap(client))
    return [
      unknown('client-not-known', `eni/${idOf(arrival)}`, said('the client’s addresses are not known', `${doubt}.`), [
        client,
      ]),
    ]
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
        said('network ACLs not read', `${doubt}: that needs the permission ec2:DescribeNetworkAcls${harmless}.`),
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
      unknown('borders-not-known', subject, said('network ACLs on the way not known', `${doubt}.`), borders.gaps, [], {
        blocks: !(beside && borders.documented),
      }),
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
            ? said(
                'no network ACL stands inside a subnet',
                `${client.text} is in ${subnetId}, and no network ACL stands inside a subnet.`,
              )
            : said('network ACLs let it pass', `${let_} for ${client.text}.`),
          proof,
        ),
      ]
    return [
      pass(
        let_ === '' ? 'inside-subnet' : 'allowed-for-others',
        subject,
        said(
          'no network ACL stands inside a subnet',
          `${same}${let_ === '' ? '' : `; for those in the rest of the VPC ${let_}`}.`,
        ),
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
  const partial = refusal(borders) === 'some'
  const fix = fixOf(question.port.protocol, direction, borders)
  const packets = direction === 'in' ? 'it' : 'the answer'
  const brief = partial
    ? `a network ACL refuses a part of ${direction === 'in' ? 'it' : 'the answers'}`
    : `a network ACL refuses ${packets}`
  const subject = `network-acl/${acl.NetworkAclId ?? ''}`
  const sentence = `${name} refuses ${what} ${way} (${egress ? 'to' : 'from'} ${far})${which}: ${ruleText(part)}.`
  const more = { awsCode: 'SUBNET_ACL_RESTRICTION', fix }
  if (!borders.documented)
    return [
      unknown(
        'inside-subnet-undocumented',
        subject,
        said(
          'whether a network ACL is asked is not documented',
          `${doubt}: ${sentence.replace(/\.$/, '')}, and whether network ACLs are asked inside a subnet, where a route leads to the VIP, is not documented.`,
        ),
        [],
        proof,
        more,
      ),
    ]
  if (beside)
    return [
      warn(
        'refused-for-others',
        subject,
        said('a network ACL refuses other subnets', `${same}, but for others in the VPC ${sentence}`),
        proof,
        more,
      ),
    ]
  const rest = partial ? ` The rest of ${client.text} gets through.` : ''
  return [
    fail(
      partial ? 'refused-in-part' : 'refused',
      subject,
      said(brief, `${sentence}${direction === 'in' ? rest : partial ? ' Connections from its other ports work.' : ''}`),
      proof,
      fix,
      { awsCode: 'SUBNET_ACL_RESTRICTION', partial },
    ),
  ]
}

const partsOf = ({ judgement }: Border) => judgement.denied.slice(0, 3).map(({ peers }) => peers)

/** Clients choose their ports from there, whatever their system (VPC User Guide, "Ephemeral ports"). */
const ephemeral = { first: 1024, last: 65535 }

/** What each refusing rule covers of the client's addresses is admitted before it; of answers at all the ports that clients send from. */
function fixOf(protocol: string, direction: 'in' | 'return', { borders }: Borders): Remedy {
  const commands = grouped(borders).flatMap(({ acl, egress, refusals }) => {
    const taken = new Set<number>()
    return refusals.flatMap(({ part, peers }) => {
      const own = part.entry?.entry.PortRange
      const ports =
        direction === 'in' ? part.ports : { first: own?.From ?? ephemeral.first, last: own?.To ?? ephemeral.last }
      return joined(peers)
        .flatMap(prefixesOf)
        .map(({ family, text }) => {
          const number = freeNumber(acl, egress, part, taken)
          if (number === null) return null
          taken.add(number)
          const way = egress ? sh`--egress` : sh`--ingress`
          const range = ports.first === 0 ? sh`` : sh` --port-range From=${ports.first},To=${ports.last}`
          const cidr = family === 4 ? sh`--cidr-block ${text}` : sh`--ipv6-cidr-block ${text}`
          return sh`aws ec2 create-network-acl-entry --network-acl-id ${acl.NetworkAclId} ${way} --rule-number ${number} --protocol ${protocol}${range} ${cidr} --rule-action allow`
        })
    })
  })
  const ids = [...new Set(grouped(borders).flatMap(({ acl }) => acl.NetworkAclId ?? []))]
  const look = [sh`aws ec2 describe-network-acls --network-acl-ids ${ids}`]
  if (commands.length > mostCommands || commands.includes(null))
    return { look, advice: 'Admit the packets by a rule with a lower number than the one that refuses them.' }
  return {
    look,
    summary: `admit ${direction === 'in' ? 'the packets' : 'the answers'} in ${ids.join(' and ')}`,
    commands: commands.flatMap((command) => command ?? []),
    changes:
      'Holds for every subnet with this ACL: the rule with the lowest number decides. Not to be used where somebody refuses these packets on purpose.',
  }
}

const mostCommands = 8

interface Refusing {
  readonly acl: NetworkAcl
  readonly egress: boolean
  /** A part for each rule that refuses, with all addresses that it refuses. */
  readonly refusals: { readonly part: AclPart; readonly peers: Range[] }[]
}

/** What is refused, by ACL and direction: one ACL may stand at several borders. */
function grouped(borders: readonly Border[]): readonly Refusing[] {
  const found: Refusing[] = []
  for (const { judgement } of borders) {
    const { acl, egress, denied } = judgement
    for (const part of denied) {
      let group = found.find((one) => one.acl === acl && one.egress === egress)
      if (group === undefined) found.push((group = { acl, egress, refusals: [] }))
      const same = group.refusals.find(
        ({ part: { entry, ports } }) => entry?.index === part.entry?.index && ports.first === part.ports.first,
      )
      if (same === undefined) group.refusals.push({ part, peers: [part.peers] })
      else same.peers.push(part.peers)
    }
  }
  return found
}
