import { cite } from '../../evidence/cite.ts'
import type { NetworkInterface } from '../../evidence/ec2/kinds.ts'
import { isGap, known } from '../../evidence/gap.ts'
import type { Pod } from '../../evidence/kubernetes/kinds.ts'
import { metallbPods, metallbSettings, unlistedSpeaker } from '../../lb/metallb/install.ts'
import { joined } from '../../net/range-set.ts'
import type { Protocol } from '../../net/port.ts'
import { authorize, permissionOfMembers } from '../../fabric/ec2/admission.ts'
import { rangesText } from '../../fabric/ec2/client-set.ts'
import { numberOf } from '../../fabric/ec2/ip-protocol.ts'
import { primaryRanges } from '../../fabric/ec2/node-flow.ts'
import { nodeInterfaces } from '../../fabric/ec2/node-interfaces.ts'
import { groupsOf, judgeGroups } from '../../fabric/ec2/security-groups.ts'
import { groupsText } from '../../fabric/ec2/words.ts'
import { fabricOf } from '../../fabric/index.ts'
import { callsAt, hostFirewall, pairs } from '../about/host-firewall.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type Context } from '../check.ts'
import { fail, pass, said, skipped, unknown, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'control/memberlist-ports',
  after: 'control/webhook-port',
  title: "MetalLB's speakers hear each other",
  needs: ['kubernetes/pods', 'kubernetes/nodes'],
  alsoReads: [
    'kubernetes/daemonsets',
    'kubernetes/deployments',
    'aws/network-interfaces',
    'aws/security-group-rules',
    'aws/security-groups',
    'aws/vpcs',
    ...traceReads,
  ],
  ofCluster: true,
  blocks: false,
  run: (context) => [...(context.question.fabric === 'ec2' ? byGroups(context) : []), ...onHosts(context)],
  docs: {
    means:
      "MetalLB's speakers learn of each other's death over memberlist, on port 7946 by tcp and udp both. Where a security group or a firewall on the nodes keeps them apart, each takes itself for the only one, and several announce the same VIP: clients keep whichever answer came last. On EC2 no frame goes astray by that, since an announcement delivers nothing; it explains odd logs and statuses.",
    byHand:
      'kubectl -n metallb-system logs -l component=speaker | grep -iE "memberlist|partial join"; from one node, nc -zv OTHER-NODE 7946; aws ec2 describe-security-group-rules lists the rules of groups, iptables -L INPUT -n -v or nft list ruleset those of a node.',
    mend: 'Admit tcp and udp 7946 between the members of the security group of the nodes, and in the firewall of each node.',
    sources: [
      'MetalLB v0.16.1, config/manifests/metallb-native.yaml (memberlist-tcp, memberlist-udp)',
      'MetalLB documentation, "Requirements"',
      'metallb/metallb issues 589, 740, 1539 and 2838',
    ],
  },
})

/** What the firewalls of the nodes do with what their speakers say to each other. */
function onHosts({ evidence, question }: Context): readonly Draft[] {
  const speakers = metallbPods(evidence, 'speaker')
  if (isGap(speakers) || !metallbSettings(evidence).memberlist) return []
  const nodes = speakers.flatMap(({ spec }) => spec?.nodeName ?? [])
  const port = bindPort(speakers)
  const ports = (['tcp', 'udp'] as const).map((protocol) => ({ protocol, port }))
  return hostFirewall(evidence, callsAt(pairs(nodes, nodes), ports), {
    subject: 'daemonset/metallb-system/speaker',
    unlisted: unlistedSpeaker(evidence),
    let: `MetalLB's speakers hear each other at tcp and udp ${String(port)}`,
    follows:
      `MetalLB's speakers do not hear each other, each takes itself for the only one, and several announce the same VIP. ${fabricOf(question).words.announcing}`.replace(
        /\.$/,
        '',
      ),
    warns: true,
  })
}

const bindPort = (speakers: readonly Pod[]): number => {
  const env = speakers[0]?.spec?.containers?.flatMap((container) => container.env ?? [])
  return Number(env?.find(({ name }) => name === 'METALLB_ML_BIND_PORT')?.value ?? 7946)
}

function byGroups({ evidence, question }: Context): readonly Draft[] {
  const speakers = metallbPods(evidence, 'speaker')
  const own = nodeInterfaces(evidence, question.vpcId)
  const subject = 'daemonset/metallb-system/speaker'
  if (isGap(speakers) || isGap(own))
    return [
      unknown(
        'speakers-not-known',
        subject,
        said(
          'whether the speakers hear each other is unknown',
          "It is not known whether MetalLB's speakers hear each other.",
        ),
        [speakers, own].filter(isGap),
      ),
    ]
  const enis = speakers.flatMap(({ spec }) => own.get(spec?.nodeName ?? '')?.slice(0, 1) ?? [])
  if (enis.length < 2)
    return [skipped('fewer-than-two', subject, 'There are not two speakers in the VPC to hear each other.')]
  const port = bindPort(speakers)
  const ofGroups = new Map<string, NetworkInterface>()
  for (const eni of enis) ofGroups.set(groupsOf(eni).join(' '), eni)
  const peers = joined(primaryRanges(enis))
  const judged = [...ofGroups.values()].flatMap((eni) =>
    (['tcp', 'udp'] as const).flatMap((protocol: Protocol) =>
      (['ingress', 'egress'] as const).map((side) => ({
        eni,
        protocol,
        side,
        groupIds: groupsOf(eni),
        judgement: judgeGroups(evidence, groupsOf(eni), eni.VpcId ?? '', side, {
          protocol: numberOf(protocol),
          port,
          peers,
          groupsKnown: true,
        }),
      })),
    ),
  )
  const shut = judged.filter(({ judgement }) => judgement.answer === 'none' || judgement.answer === 'some')
  const [first] = shut
  if (first !== undefined) {
    const ports = [...new Set(shut.map(({ protocol }) => `${protocol}/${String(port)}`))].join(' and ')
    const [groupId = ''] = first.groupIds
    const commands = shut.map(({ protocol, side }) =>
      authorize(groupId, side, permissionOfMembers(groupId, protocol, port)),
    )
    const from =
      first.judgement.refused.length === 0
        ? ''
        : ` (${first.side === 'ingress' ? 'from' : 'to'} ${rangesText(first.judgement.refused)})`
    const says = `${groupsText(evidence, first.groupIds)} keep${first.groupIds.length === 1 ? 's' : ''} MetalLB's speakers apart: ${ports} between them is not admitted${from}.`
    return [
      fail(
        'refused',
        subject,
        said('security groups keep the speakers apart', says),
        [cite(first.eni, 'Groups'), ...first.judgement.asked.slice(0, 12).map((rule) => rule.proof())],
        {
          summary: `let ${ports} pass between the nodes`,
          commands,
          changes: `Holds between all members of ${groupId}.`,
        },
        { awsCode: 'ENI_SG_RULES_MISMATCH' },
      ),
    ]
  }
  const open = judged.filter(({ judgement }) => judgement.answer === 'unknown')
  if (open.length > 0)
    return [
      unknown(
        'rules-not-known',
        subject,
        said(
          'whether the speakers hear each other is unknown',
          `It is not known whether MetalLB's speakers hear each other at port ${String(port)}.`,
        ),
        open.flatMap(({ judgement }) => judgement.possible.flatMap(({ gap }) => gap ?? [])).slice(0, 3),
      ),
    ]
  const proof = judged.flatMap(({ judgement }) => judgement.rules.slice(0, 1).map((rule) => rule.proof()))
  return [
    pass(
      'allowed',
      subject,
      said(
        'the speakers may reach each other',
        `MetalLB's ${String(known(speakers)?.length ?? 0)} speakers may reach each other at tcp and udp ${String(port)}.`,
      ),
      proof.slice(0, 4),
    ),
  ]
}
