import { isGap } from '../../evidence/gap.ts'
import { arrivalDevices, byBgpAlone } from '../../journey/arrival.ts'
import { servedBy } from '../../lb/announcers.ts'
import { boundOn } from '../../lb/kube-vip/bound.ts'
import { onNode } from '../../net/shell.ts'
import { arpAnswer, type ArpAnswer } from '../../node/arp-answer.ts'
import { devicesFacing } from '../../node/arp-silence.ts'
import { nodeState } from '../../node/node-state.ts'
import type { Answerer } from '../../node/trace/frame.ts'
import type { Step } from '../../node/trace/types.ts'
import { traceReads } from '../about/reads.ts'
import { listing, removal } from '../about/rule-removal.ts'
import { proofOf } from '../about/traced.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { fail, pass, said, skipped, unknown, warn, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'announcement/arp-dropped',
  title: 'No rule of the announcer drops ARP for the VIP',
  needs: [],
  alsoReads: ['kubernetes/nodes', 'kubernetes/pods', 'kubernetes/services', ...traceReads],
  on: ['announcement'],
  about: ['service', 'control-plane', 'address'],
  each: 'receiving',
  appliesTo: ({ question: { vip } }) => vip.family === 4 || 'Only for IPv4 addresses do hosts ask by ARP.',
  blocks: true,
  run: (context) => [judge(context)],
  docs: {
    means:
      'Before a host sends the first packet to a VIP in its own network it asks by ARP who has it, and so does the router for clients further away. The node that announces the VIP does not hear the question, or its answer does not get out: a rule of nftables (families arp, bridge and netdev) or of arptables drops it. arptables -A INPUT -d VIP -j DROP is how real servers behind LVS (direct routing) hide an address that they have. What kube-vip, keepalived and Pacemaker put on an interface the kernel answers for, and rules of ARP hold for it. MetalLB’s speaker answers at a packet socket, beside the rules of ARP: there only rules of the device (netdev) and of the bridge count. It announces a VIP unasked for five seconds after it took it, and whoever asks later asks in vain. kube-vip goes on announcing every few seconds, which whoever is asking takes for an answer: its VIP is then slow to be found, and no more, unless the rule stops these frames too.',
    byHand:
      'On the announcer: sudo nft list ruleset | grep -A9 -E "table (arp|bridge|netdev)"; sudo arptables-nft -L -n -v. From another host of the network: arping -c 3 VIP, while tcpdump -eni DEVICE arp runs on the node: the question is seen there and nothing answers.',
    mend: 'Take the rule away, or let it spare the VIP, where it is written: /etc/nftables.conf, /etc/arptables.conf, a script for LVS.',
    sources: [
      'Linux net/ipv4/arp.c (arp_rcv: NF_ARP_IN; arp_xmit: NF_ARP_OUT), net/core/dev.c (nf_ingress, nf_hook_egress)',
      'nft(8), "Address families"; arptables-nft(8)',
      'packet(7); MetalLB internal/layer2/arp.go',
    ],
  },
})

function judge({ evidence, question, node }: VipNodeContext): Draft {
  const { vip } = question
  const subject = `node/${node}`
  const state = nodeState(evidence, node, 4)
  if (isGap(state) || state.nft === null)
    return skipped(
      'rules-not-read',
      subject,
      `No rules of nftables were read of ${node}; what is not known for that, translation says.`,
    )
  const bound = boundOn(evidence, node, vip) ?? []
  // An address in no network of the node is routed to it, and nobody there asks for it.
  const inNetwork = devicesFacing(evidence, node, vip)
  const devices = byBgpAlone(evidence, question, node)
    ? []
    : arrivalDevices(evidence, question, state).filter((device) => inNetwork.includes(device))
  const announcer = servedBy(evidence, question)?.announcer
  const answerers: readonly Answerer[] = [
    ...(bound.length > 0 ? (['kernel'] as const) : []),
    ...(announcer?.atPacketSocket === true ? (['packet-socket'] as const) : []),
  ]
  if (devices.length === 0 || answerers.length === 0)
    return skipped(
      'not-asked',
      subject,
      devices.length === 0
        ? `Nobody asks ${node} by ARP for ${vip.text}: it is told by BGP, or lies in no network of the node.`
        : `What would answer for ${vip.text} on ${node} is not known: no interface there has it.`,
    )
  const by = (all: readonly Answerer[]) =>
    devices.flatMap((device) => all.map((one) => ({ device, ...arpAnswer(state, vip, device, one) })))
  // One answer is enough; asked by a device that is not known, all must be shut.
  const answers = by(answerers)
  const lost = answers.filter(isLost)
  const [first] = lost
  if (first === undefined || (lost.length < answers.length && devices.length === 1))
    return pass(
      'not-dropped',
      subject,
      said('no rule drops ARP for it', `No rule of ${node} drops who asks for ${vip.text}, or the answer.`),
      [],
    )
  const { step, drops, device } = first
  const where = `${step.table} chain ${step.chain}`
  if (lost.length < answers.length || lost.some(({ kind }) => kind === 'unknown'))
    return unknown(
      'perhaps-dropped',
      subject,
      said(
        'perhaps a rule drops ARP for it',
        `It is not known whether a rule of ${node} in ${where} drops the ${drops} by ARP for ${vip.text}.`,
      ),
      [],
      proofOf([step]),
    )
  const what =
    drops === 'question'
      ? `${node} does not hear who asks for ${vip.text} by ${device}: a rule in ${where} drops the question by ARP.`
      : `${node} does not answer who asks for ${vip.text} by ${device}: a rule in ${where} drops the answer by ARP.`
  const brief = `a rule drops the ${drops} by ARP`
  const fix = remedyFor(node, step)
  // Who repeats its announcements tells them to whoever is asking.
  const repeats = announcer?.words.silence === null && by(['unasked']).every(({ kind }) => kind === 'open')
  return repeats
    ? warn(
        `${drops}-dropped`,
        subject,
        said(brief, `${what} Whoever asks waits for ${announcer.name}’s next announcement, some seconds.`),
        proofOf([step]),
        { fix },
      )
    : fail(`${drops}-dropped`, subject, said(brief, `${what} Nobody learns where the VIP is.`), proofOf([step]), fix)
}

function remedyFor(node: string, step: Step): Remedy {
  const look = [onNode(node, listing(step, 'ip'))]
  const command = removal(step, 'ip')
  return command === null
    ? { look, advice: 'Let the rule spare the VIP, where it is written.' }
    : {
        look,
        summary: `let ARP for the VIP through on ${node}`,
        commands: [onNode(node, command)],
        changes: 'Whatever else the rule stopped gets through, too, until whatever wrote it writes it again.',
      }
}

const isLost = <T extends ArpAnswer>(answer: T): answer is Extract<T, { kind: 'shut' | 'unknown' }> =>
  answer.kind !== 'open'
