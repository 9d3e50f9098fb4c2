import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { rangeOf } from '../../net/range.ts'
import {
  admitsClient,
  authorize,
  permissionOfMembers,
  permissionText,
  rangesForRule,
} from '../../fabric/ec2/admission.ts'
import { rangesText } from '../../fabric/ec2/client-set.ts'
import { numberOf, protocolText } from '../../fabric/ec2/ip-protocol.ts'
import { groupsOf, wouldAdmit } from '../../fabric/ec2/security-groups.ts'
import { groupsText, idOf, listText } from '../../fabric/ec2/words.ts'
import { defineCheck, type ServiceNodeContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'
import { legsTo, passesOn, type Leg } from '../../journey/legs.ts'
import { judgePassed, passedText, wireProof, type PassedJudgement } from '../../journey/wire.ts'

export default defineCheck({
  id: 'forwarding/node-to-node',
  after: 'forwarding/pod-route',
  title: 'The security groups let the receiving node pass packets on to the nodes of the endpoints',
  needs: ['aws/network-interfaces', 'aws/subnets', 'kubernetes/nodes', 'kubernetes/endpointslices', 'kubernetes/pods'],
  alsoReads: [
    'aws/security-group-rules',
    'aws/security-groups',
    'aws/vpcs',
    'node/ip-route',
    'node/ip-link',
    'kubernetes/configmaps',
    'kubernetes/calicoippools',
    'kubernetes/felixconfigurations',
  ],
  each: 'endpoint',
  on: ['ec2'],
  about: ['service'],
  appliesTo: passesOn,
  blocks: true,
  run,
  docs: {
    means:
      "Where the endpoint is on another node, the packet crosses the VPC a second time: from the receiving node's own address, to the port of the pod (not of the Service), or inside the tunnel of the CNI plugin. The security groups of both nodes judge it anew. Where they refuse, a VIP works as often as the chosen endpoint happens to be on the receiving node.",
    byHand: 'From the receiving node: curl POD-ADDRESS:TARGET-PORT for a pod on another node.',
    mend: 'Admit the traffic between the nodes: everything between members of their security group, and from the pod range where pods talk by routes.',
    sources: [
      'Amazon VPC User Guide, "Security group rules"',
      'Kubernetes documentation, "Virtual IPs and Service Proxies"',
      'Reachability Analyzer explanation codes, ENI_SG_RULES_MISMATCH',
    ],
  },
})

interface Judged extends PassedJudgement {
  readonly leg: Leg
}

function run(context: ServiceNodeContext): readonly Draft[] {
  const { evidence, node, question } = context
  const subject = `node/${node}`
  const { legs, local, gaps } = legsTo(context)
  const doubt = said(
    'security groups between the nodes are not known',
    `It is not known whether packets may be passed on to ${node}.`,
  )
  if (legs.length === 0) {
    if (gaps.length > 0) return [unknown('legs-not-known', subject, doubt, gaps)]
    return [
      local > 0
        ? pass(
            'local-only',
            subject,
            said('nothing is passed on', `${node} receives the packets itself: nothing is passed on.`),
            [],
          )
        : skipped('nothing-passed-on', subject, `Nothing is passed on to ${node}.`),
    ]
  }
  const judged = legs.flatMap((leg): Judged[] => {
    const passed = judgePassed(evidence, { ...leg, protocol: numberOf(question.port.protocol) })
    return passed === null ? [] : [{ leg, ...passed }]
  })
  const refused = judged.filter(({ answer }) => answer === 'refused')
  const [first] = refused
  if (first !== undefined) return [refusedDraft(context, refused, first, refused.length < legs.length || local > 0)]
  const open = judged.filter(({ answer }) => answer === 'unknown')
  // A rule by group covers the members' own addresses; whether it covers a pod behind a member is not documented, and in practice it is
  // relied upon: no reason to call the verdict in doubt.
  const byGroup = open.length > 0 && open.every(({ gaps: own }) => own.length === 0)
  if (judged.length < legs.length || open.length > 0)
    return [
      unknown('rules-not-known', subject, doubt, open.flatMap(({ gaps: own }) => own).slice(0, 3), [], {
        blocks: !(byGroup && judged.length === legs.length),
      }),
    ]
  const from = listText([...new Set(legs.map(({ receiving }) => receiving))])
  return [
    pass(
      'allowed',
      subject,
      said('security groups let the nodes pass it on', `The security groups let ${from} pass packets on to ${node}.`),
      judged.flatMap(({ judgement }) => judgement.rules.slice(0, 1).map((rule) => rule.proof())).slice(0, 4),
    ),
  ]
}

function refusedDraft(context: ServiceNodeContext, refused: readonly Judged[], first: Judged, partial: boolean): Draft {
  const { evidence, node } = context
  const { leg, groupIds, side, protocol, port } = first
  const name = protocolText(protocol)
  const what = passedText(first)
  const names = [...new Set(refused.map(({ leg: { receiving } }) => receiving))]
  const ranges =
    side === 'ingress'
      ? refused.map((one) => rangeOf(one.leg.source))
      : refused.flatMap((one) => (one.leg.pod === null ? [] : rangeOf(one.leg.pod)))
  const unique = [...new Map(ranges.map((range) => [range.first, range])).values()]
  const [groupId] = groupIds
  const way =
    side === 'ingress'
      ? `admit${groupIds.length === 1 ? 's' : ''} no ${what} from ${listText(names)}`
      : `let${groupIds.length === 1 ? 's' : ''} no ${what} out to ${node}`
  const whom = unique.length === 0 ? '' : ` (${rangesText(unique)})`
  const says = `${groupsText(evidence, groupIds)} of ${node} ${way}${whom}: what is passed on to ${node} is lost.`
  const sameGroup = groupId !== undefined && groupsOf(leg.from).includes(groupId) && groupsOf(leg.to).includes(groupId)
  const command =
    groupId === undefined || (unique.length === 0 && !sameGroup)
      ? []
      : [
          authorize(
            groupId,
            side,
            sameGroup ? permissionOfMembers(groupId, '-1', null) : permissionText(name, port ?? -1, port ?? -1, unique),
          ),
        ]
  const fix = {
    summary: sameGroup ? `admit the members of ${groupId}` : `admit ${what} between the nodes`,
    commands: command,
    changes: sameGroup
      ? `Admits everything between the members of ${groupId}.`
      : `Admits ${what} for every interface in ${groupId ?? ''}.`,
  }
  const covered = refused.every((one) => coveredByServicePort(context, one))
  return fail(
    'refused',
    subjectOf(first),
    said(
      side === 'ingress' ? `groups admit no ${what} from the node` : `security groups let no ${what} out to the pods`,
      says,
    ),
    [
      cite(side === 'ingress' ? leg.to : leg.from, 'Groups'),
      ...wireProof(leg.wire),
      ...first.judgement.asked.slice(0, 12).map((rule) => rule.proof()),
    ],
    fix,
    {
      awsCode: 'ENI_SG_RULES_MISMATCH',
      partial,
      ...(covered ? { consequenceOf: ['admission/service-port'] } : {}),
    },
  )
}

const subjectOf = ({ groupIds, leg }: Judged): string =>
  groupIds.length === 1 ? `security-group/${groupIds[0] ?? ''}` : `eni/${idOf(leg.to)}`

/** Whether the rule that lets the client in at the Service port, put into the same group, would let this through as well. */
function coveredByServicePort(
  { evidence, question }: ServiceNodeContext,
  { leg, side, groupIds, protocol, port }: Judged,
): boolean {
  if (side !== 'ingress') return false
  const admission = admitsClient(evidence, question, leg.from, question.port)
  if (isGap(admission) || admission.judgement.answer === 'all' || admission.groupIds[0] !== groupIds[0]) return false
  const peers = rangesForRule(evidence, question, admission.client, leg.from.VpcId ?? '')
  const rule = { protocol: numberOf(question.port.protocol), from: question.port.port, to: question.port.port, peers }
  return wouldAdmit(rule, { protocol, port, peers: [rangeOf(leg.source)], groupsKnown: true })
}
