import { addressAndPort } from '../../net/port.ts'
import { isGap } from '../../evidence/gap.ts'
import { hangsOnAnnouncement } from '../../fabric/index.ts'
import type { Outcome } from '../../node/trace/types.ts'
import { onNode, sh } from '../../net/shell.ts'
import { inWords } from '../../net/words.ts'
import type { Loss } from '../../journey/lost-answer.ts'
import type { VipTrace } from '../../journey/vip-trace.ts'
import { managerOf, openings, type Stopped } from '../about/opening.ts'
import { lossesBehind } from '../about/losses-behind.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { listing, removals } from '../about/rule-removal.ts'
import { pass, said, unknown, type Draft, type Remedy } from '../finding.ts'
import { arrivals, deadly, isDraft, shareDyingOf } from '../about/traced.ts'

export default defineCheck({
  id: 'forwarding/forward-drop',
  after: 'forwarding/route-quota',
  title: 'No rule of a node drops or rejects the packet on its way to the pod, or to the program that listens',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service', 'control-plane', 'address'],
  blocks: true,
  each: 'receiving',
  consequenceOf: ['translation/ipvs-input-drop'],
  run: (context) => {
    const { node } = context
    const share = shareDyingOf(context, ['filtered-before', 'filtered-after'])
    if (isDraft(share)) return [share]
    const translated = context.question.about === 'service'
    const others = translated ? droppingElsewhere(context, share.losses) : []
    const wrong = deadly(context, share, {
      reason: ({ death }) => (death === 'filtered-before' ? 'dropped-before-translation' : 'dropped-after-translation'),
      brief: ({ outcome, step }) =>
        isHairpin(outcome)
          ? 'a pod is not sent to itself'
          : `${outcome.fate.kind === 'rejected' ? 'rejected' : 'dropped'} ${step === null ? 'by the kernel itself' : `in chain ${step.chain}`}`,
      says: (example, { losses }) =>
        [
          ...oneOfEachNode(node, [example, ...losses]).map((loss) => dropped(node, loss, translated)),
          ...(others.length === 0
            ? []
            : [`${inWords(others.map((one) => one.node))} would drop it too, if it came in there`]),
        ].join('; ') + '.',
      fix: ({ outcome, node: second }, share) => {
        if (isHairpin(outcome)) return hairpinRemedy(second ?? node)
        // What is on every node of a cluster would stop the packet again on the next.
        const losses = [
          ...share.losses,
          ...lossesBehind(context, node, share.losses),
          ...others.flatMap((one) => one.losses),
        ]
        const family = outcome.packet.destination.family === 6 ? 'ip6' : 'ip'
        const each = oneOfEachNode(node, losses)
        const look = each.flatMap(({ node: at, step }) =>
          step === null ? [] : [onNode(at ?? node, listing(step, family))],
        )
        // Who manages the rules writes them again: there only what it is told itself lasts.
        const managed = each.some(({ node: at, step }) => {
          const manager = step === null ? null : managerOf(context.evidence, at ?? node, step)
          return manager === 'ufw' || manager === 'firewalld'
        })
        if (managed)
          return {
            look,
            ...openings(context.evidence, stopped(node, losses, [share.trace, ...others.map(({ trace }) => trace)])),
          }
        const commands = removals(node, losses, family)
        return {
          look,
          summary: `let the packet through on ${inWords(
            each.map(({ node: at }) => at ?? node),
            3,
          )}`,
          commands,
          changes:
            'Also lets through what else the rule or the policy stopped, until whatever wrote it (Docker, a script) writes it again: admit traffic to the pods there, too.',
          ...(commands.length === 0
            ? { advice: 'Admit traffic to the pods in the firewall that wrote the rule.' }
            : {}),
        }
      },
    })
    if (wrong !== null) return [wrong]
    const unseen: Draft[] = share.trace.parts.flatMap(({ journeys }) =>
      journeys.flatMap(({ second }) =>
        second !== null && isGap(second.outcome)
          ? [
              unknown(
                'second-node-not-read',
                `node/${second.node}`,
                said(
                  'the pod’s node is not read',
                  `It is not known whether ${second.node} lets the packet through to its pod.`,
                ),
                [second.outcome],
              ),
            ]
          : [],
      ),
    )
    const [first] = unseen
    if (first !== undefined) return [first]
    const places = arrivals(share.trace)
    return [
      pass(
        places.length === 0 ? 'no-rule-on-the-way' : 'not-dropped',
        `node/${node}`,
        places.length === 0
          ? said('no rule is in the packet’s way', `No firewall rule of ${node} is in the packet's way.`)
          : said(
              'no rule drops the packet',
              `No rule drops the packet between ${node} and ${places.length === 1 ? 'the endpoint' : `the ${String(places.length)} endpoints`}.`,
            ),
        [],
      ),
    ]
  },
  docs: {
    means:
      'A firewall on the host (firewalld, ufw, Docker’s FORWARD policy, a rule of somebody’s own) drops or rejects the translated packet in the FORWARD chain, here or on the pod’s node. A VIP of the control plane, or of another program on the node, is not translated: there it is the INPUT chain. Rules of a bridge, of a device or of ARP (nft’s families bridge, netdev and arp) count too: where one drops the question for the pod’s hardware address, the packet waits in vain. ACCEPT in one table or base chain does not save a packet from a drop in another.',
    byHand:
      'On the node: iptables -L FORWARD -n -v (counters of DROP and REJECT grow while a client tries), nft list ruleset for native tables. vipdoctor trace shows the rule and its line.',
    mend: 'Admit forwarded traffic from and to the pods, or the port of the VIP on the node itself, in the firewall that made the rule.',
    sources: [
      'Linux net/ipv4/ip_forward.c (NF_INET_FORWARD)',
      'nft(8), "Chains: hooks and priorities"',
      'iptables-extensions(8), REJECT',
    ],
  },
})

const isHairpin = ({ fate }: Outcome): boolean => fate.kind === 'dropped' && fate.by === 'hairpin-off'

/** A Service chose the pod that asked; its bridge must send the frame back out of the port that it came in by. */
const hairpinRemedy = (node: string): Remedy => ({
  look: [sh`ssh ${node} bridge -d link`],
  advice:
    'Set "hairpinMode": true for the plugin bridge in /etc/cni/net.d; pods that are there already get it when they are made anew. Only a pod that asks for its own Service meets this.',
})

/** Of losses on several nodes the first of each: one rule of a node is named. */
const oneOfEachNode = (node: string, losses: readonly Loss[]): readonly Loss[] =>
  losses.filter(({ node: at }, index) => losses.findIndex((one) => (one.node ?? node) === (at ?? node)) === index)

/** `worker-0 drops the packet to 10.200.2.2:80 in filter chain FORWARD`. */
function dropped(
  node: string,
  { outcome: { fate, packet }, death, node: second, step }: Loss,
  translated: boolean,
): string {
  const does = fate.kind === 'rejected' ? `rejects (${fate.with})` : 'drops'
  const to = addressAndPort(packet.destination.text, packet.destinationPort)
  if (step === null && fate.kind === 'dropped') return `${second ?? node} drops the packet to ${to}: ${fate.why}`
  const where = `${step?.table ?? ''} chain ${step?.chain ?? ''}`
  if (fate.kind === 'dropped' && fate.by === 'question-dropped')
    return `${second ?? node} cannot send the packet to ${to}: ${fate.why}, in ${where}`
  return `${second ?? node} ${does} the packet to ${to} in ${where}${translated && death === 'filtered-before' ? ', before it is translated' : ''}`
}

/** So many other nodes are asked: each is traced. */
const askedNodes = 12

/**
 * The nodes that would drop the packet if they received it, where whoever announces does: the next announcer is one of them. Those that
 * drop it now on its second hop are named already.
 */
function droppingElsewhere(
  context: VipNodeContext,
  losses: readonly Loss[],
): readonly { readonly node: string; readonly trace: VipTrace; readonly losses: readonly Loss[] }[] {
  const { evidence, question, receiving } = context
  const here = losses.filter((one) => one.node === null)
  if (here.length === 0 || !hangsOnAnnouncement(question) || receiving.by === 'client') return []
  return evidence.nodeNames
    .filter((one) => !receiving.nodes.includes(one))
    .slice(0, askedNodes)
    .flatMap((one) => {
      const share = shareDyingOf({ ...context, node: one }, ['filtered-before', 'filtered-after'])
      if (isDraft(share)) return []
      const own = share.losses.filter((loss) => loss.node === null)
      return own.length === 0
        ? []
        : [{ node: one, trace: share.trace, losses: own.map((loss) => ({ ...loss, node: one })) }]
    })
}

/** Each stands for all clients that it was traced for, and a rule is to admit all of them. */
function stopped(node: string, losses: readonly Loss[], traces: readonly VipTrace[]): readonly Stopped[] {
  const parts = traces.flatMap((trace) => trace.parts)
  const addresses = new Map(parts.map((part) => [part.source.text, part.addresses]))
  return losses.map(({ node: second, outcome }) => ({
    node: second ?? node,
    outcome,
    sources: addresses.get(outcome.packet.source.text),
  }))
}
