import { cite, citeLine, citeList, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, isGap, known } from '../../evidence/gap.ts'
import { partOf } from '../../evidence/part.ts'
import type { WithVip } from '../../evidence/question.ts'
import { takes } from '../../evidence/node/listen.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import { addressesOfPod } from '../../evidence/kubernetes/pods.ts'
import { parseAddress, sameAddress } from '../../net/address.ts'
import { announcing, servedBy, type AnnouncerName } from '../../lb/announcers.ts'
import { holderNamed } from '../../lb/holders.ts'
import { replacementOn } from '../../node/replacements.ts'
import { moveToNode } from '../../fabric/ec2/move.ts'
import { fabricOf } from '../../fabric/index.ts'
import { traceVip } from '../../journey/vip-trace.ts'
import { sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import { hostPortsOn, leadsToNoPod, toPod } from '../about/host-port.ts'
import { traceReads } from '../about/reads.ts'
import { proofOf } from '../about/traced.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, unknown, type Draft, type Remedy } from '../finding.ts'

export default defineCheck({
  id: 'endpoint/vip-bound',
  title: 'The node that receives the packet holds the control-plane VIP and listens on its port',
  needs: ['node/ip-addr'],
  alsoReads: [
    'kubernetes/leases',
    'kubernetes/pods',
    'kubernetes/services',
    'node/keepalived-conf',
    'node/pacemaker-cib',
    ...traceReads,
  ],
  about: ['control-plane', 'address'],
  blocks: true,
  each: 'receiving',
  run: ({ evidence, question, receiving, node }) => {
    const { vip, port } = question
    const served = servedBy(evidence, question)?.announcer.name ?? null
    const byKubeVip = served === 'kube-vip'
    const links = evidence.node(node).ipAddr
    if (isGap(links)) return []
    const subject = `node/${node}`
    const held = links.flatMap((link) =>
      (link.addr_info ?? []).flatMap(({ local }, at): { name: string; proof: Proof }[] =>
        sameAddress(parseAddress(local), vip)
          ? [{ name: link.ifname ?? '', proof: cite(link, 'addr_info', at, 'local') }]
          : [],
      ),
    )
    const [first] = held
    const listening = evidence.node(node).listen
    const listener = isGap(listening)
      ? undefined
      : listening.listeners.find(
          (one) => one.protocol === port.protocol && one.port === port.port && takes(one, vip.text),
        )
    const otherwise = (): Draft | null =>
      question.about === 'address' ? takenOtherwise(evidence, question, node) : null
    if (first === undefined) {
      const doubt = otherwise()
      if (doubt !== null) return [doubt]
      const { delivery } = fabricOf(question)
      // An address that no controller gives may be another host's.
      if (delivery !== 'ownership' && receiving.by === 'candidate' && !byKubeVip)
        return [
          unknown(
            'holder-not-known',
            subject,
            said(
              'which host has the address is not known',
              `${node} does not have ${vip.text} on an interface; which host does is not known.`,
            ),
            [],
            [citeList(nodeFile(node, 'ipAddr'), '', `no interface with ${vip.text}`)],
          ),
        ]
      const holders = (known(announcing(evidence, question).observed) ?? []).filter((other) => other !== node)
      const owned = delivery === 'ownership'
      const elsewhere =
        holders.length === 0
          ? ''
          : `; ${byKubeVip ? "kube-vip's leader is " : ''}${inWords(holders)}${byKubeVip ? '' : ' has it'}`
      return [
        fail(
          'not-bound',
          subject,
          said(
            'the node that gets the packets lacks the address',
            `${node} receives the packets for ${vip.text}, but none of its interfaces holds the address${elsewhere}.`,
          ),
          [citeList(nodeFile(node, 'ipAddr'), '', `no interface with ${vip.text}`)],
          (owned ? moveToNode(evidence, question, holders) : null) ?? lookFor(node, holders, served, owned),
          { consequenceOf: ['announcement/kube-vip-interface', 'announcement/kube-vip-lease', 'control/kube-vip'] },
        ),
      ]
    }
    if (isGap(listening))
      return [
        unknown(
          'sockets-not-read',
          subject,
          said(
            'the node’s sockets are not read',
            `${node} holds ${vip.text}, and it is not known whether anything listens on port ${String(port.port)}.`,
          ),
          [listening],
          [first.proof],
        ),
      ]
    if (listener === undefined) {
      const doubt = otherwise()
      if (doubt !== null) return [doubt]
      return [
        fail(
          'not-listening',
          subject,
          said(
            `nothing listens on ${port.protocol} port ${String(port.port)}`,
            `${node} holds ${vip.text} on ${first.name}, but nothing there listens on ${port.protocol} port ${String(port.port)} of it.`,
          ),
          [
            first.proof,
            citeLine(
              listening.file,
              1,
              `${String(listening.listeners.length)} sockets, none takes ${vip.text}:${String(port.port)}`,
            ),
          ],
          {
            look: [sh`ssh ${node} sudo ss -ltnp`, sh`ssh ${node} sudo systemctl status kube-apiserver --no-pager`],
            advice:
              question.about === 'address'
                ? 'A program must listen on that port, on the address or on all addresses.'
                : 'kube-apiserver, or a load balancer before it such as HAProxy, must listen on that port, on the VIP or on all addresses.',
          },
        ),
      ]
    }
    return [
      pass(
        'listening',
        subject,
        said(
          `${listener.program ?? 'a program'} listens on port ${String(port.port)}`,
          `${node} holds ${vip.text} on ${first.name}, and ${listener.program ?? 'a program'} listens on port ${String(port.port)}.`,
        ),
        [first.proof, citeLine(listening.file, listener.line, listening.lines[listener.line - 1] ?? '')],
      ),
    ]
  },
  docs: {
    means:
      'A control-plane VIP is not translated, and neither is a port of a node, but for a Service’s NodePort and a pod’s hostPort: the node that gets the packet must have the address on an interface and a socket on the port. Where the network delivers to one node and kube-vip, keepalived or Pacemaker put the address on another, the packet is dropped or forwarded back.',
    byHand:
      'On the node: ip address | grep VIP, ss -ltn | grep 6443. Who leads: kubectl -n kube-system get lease plndr-cp-lock.',
    mend: 'Let the address and its owner be the same node: on EC2 the address of the interface must follow kube-vip’s leader, keepalived’s master (its notify_master may run the call), or the node of Pacemaker’s IPaddr2 (the agent awsvip in its group makes the call).',
    sources: [
      'kube-vip v1.2.3 pkg/vip, pkg/cluster (the leader adds the address to its interface)',
      'containernetworking/plugins v1.9.1 plugins/meta/portmap (the rules of a hostPort)',
      'Linux kernel net/ipv4/route.c (ip_route_input: only local addresses are delivered)',
    ],
  },
})

/** What shows why the node lacks the address, by whoever is to put it there. */
function lookFor(node: string, holders: readonly string[], served: AnnouncerName | null, owned: boolean): Remedy {
  const [holder] = holders
  if (served === 'kube-vip')
    return {
      look:
        holder === undefined
          ? [sh`ssh ${node} 'sudo crictl logs $(sudo crictl ps -q --name kube-vip)'`]
          : [sh`kubectl -n kube-system get lease -o wide`, sh`ssh ${holder} ip -brief address`],
      advice: owned
        ? 'On EC2 the address must belong to the interface of kube-vip’s leader.'
        : 'kube-vip puts the address on the interface of its leader.',
    }
  return {
    look: [
      sh`ssh ${holder ?? node} ip -brief address`,
      ...[holderNamed(served ?? undefined)?.words.journal(node) ?? []].flat(),
    ],
    advice: owned
      ? 'On EC2 the node whose interface owns the address must have it in its own system, too.'
      : 'Whatever is to answer for the address must have it on an interface.',
  }
}

/**
 * That a node takes packets for an address without a socket of its own: for a pod with this hostPort, by other rules that translate it, or for
 * a Service that the evidence does not show.
 */
function takenOtherwise(evidence: Evidence, question: WithVip, node: string): Draft | null {
  const { services } = evidence.kubernetes
  const trace = traceVip(evidence, question, node)
  const journeys = isGap(trace) ? [] : trace.parts.flatMap((part) => part.journeys)
  const translated = journeys.find(({ first }) => !sameAddress(first.packet.destination, question.vip))
  const gaps = gapsAmong(services, partOf(services), trace, ...(isGap(trace) ? [] : trace.doubts))
  const asking = hostPortsOn(evidence, question, node)
  if (translated === undefined && gaps.length === 0) {
    const [without] = asking
    return without === undefined || replacementOn(evidence, node) !== null
      ? null
      : leadsToNoPod(node, question, without)
  }
  if (translated !== undefined && gaps.length === 0) {
    const { steps, packet } = translated.first
    const behind = asking.find(({ pod }) => addressesOfPod(pod).some((one) => sameAddress(one, packet.destination)))
    const to = { text: packet.destination.text, port: packet.destinationPort, rules: proofOf(steps.slice(-2)) }
    if (behind !== undefined) return toPod(node, question, behind, to)
  }
  return unknown(
    'taken-otherwise',
    `node/${node}`,
    translated === undefined
      ? said(
          'whether the node hands it on is not known',
          `Nothing on ${node} itself answers for ${question.vip.text}; whether it hands the packets on, as for a Service, is not known.`,
        )
      : said(
          `goes to ${translated.first.packet.destination.text}; for whom is not known`,
          `${node} translates ${question.vip.text} to ${translated.first.packet.destination.text}; for whom is not known.`,
        ),
    translated === undefined ? gaps.slice(0, 3) : [],
    translated === undefined ? [] : proofOf(translated.first.steps.slice(-2)),
  )
}
