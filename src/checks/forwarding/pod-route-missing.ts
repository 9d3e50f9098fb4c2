import { traceReads } from '../about/reads.ts'
import { isGap } from '../../evidence/gap.ts'
import type { Loss } from '../../journey/lost-answer.ts'
import { sh } from '../../net/shell.ts'
import { autopsy } from '../../node/death.ts'
import { missed, type Missed } from '../../node/next-hop.ts'
import { nodeState } from '../../node/node-state.ts'
import { nodeOfPod } from '../../node/node-of-pod.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { routeProof, routesToPods } from '../about/route-to-pods.ts'
import { arrivals, deadly, isDraft, shareLost } from '../about/traced.ts'

export default defineCheck({
  id: 'forwarding/pod-route-missing',
  title: 'The node has a route to every endpoint',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, node } = context
    const share = shareLost(context, ({ first, second, probability }): (Loss & { readonly missed?: Missed }) | null => {
      const found = autopsy({ first, second, probability })
      if (found !== null) return found.death === 'no-route' ? found : null
      const home = nodeOfPod(evidence, first.packet.destination)
      const outcome = home === node ? first : second?.outcome
      if (home === null || outcome === undefined || isGap(outcome)) return null
      const state = nodeState(evidence, home, outcome.packet.destination.family)
      const how = isGap(state) ? null : missed(state, outcome)
      return how === null ? null : { death: null, node: home === node ? null : home, outcome, step: null, missed: how }
    })
    if (isDraft(share)) return [share]
    const wrong = deadly(context, share, {
      reason: (lost) => (lost.missed === undefined ? 'no-route' : lost.missed.by),
      brief: ({ missed: how }) =>
        how === undefined
          ? 'no route to the pod'
          : how.by === 'gateway'
            ? 'no route to a pod of its own'
            : 'the pods’ device is down',
      says: ({ outcome, node: second, missed: how }) =>
        how === undefined
          ? `${second ?? node} has no way to the pod ${outcome.packet.destination.text}: ${outcome.fate.kind === 'no-route' ? outcome.fate.why : ''}.`
          : sentence(second ?? node, how),
      fix: ({ outcome, node: second, missed: how }, { losses }) =>
        how === undefined
          ? routesToPods(
              evidence,
              losses.flatMap((loss) =>
                loss.missed === undefined ? [{ node: loss.node ?? node, pod: loss.outcome.packet.destination }] : [],
              ),
            )
          : {
              look: [
                sh`ssh ${second ?? node} ip route get ${outcome.packet.destination.text}`,
                sh`ssh ${second ?? node} ip -d addr show`,
              ],
              advice:
                'On the pod’s own node the CNI plugin makes the route: the bridge comes back, up and with its address, with the next pod of the node, or with the CNI’s agent.',
            },
    })
    if (wrong === null || share.example === null)
      return [
        pass(
          'has-routes',
          `node/${node}`,
          said(
            'the node has a route to each endpoint',
            `${node} has a route to each endpoint that its rules send to (${String(arrivals(share.trace).length)}).`,
          ),
          [],
        ),
      ]
    const { example } = share
    return [
      { ...wrong, proof: [...wrong.proof, ...routeProof(evidence, example.node ?? node, example.outcome.packet)] },
    ]
  },
  docs: {
    means:
      'The packet is translated to a pod, and the node has no route to that address, or one that refuses it (blackhole, unreachable, prohibit). On the pod’s own node a route is a delivery only if it leads to the pod: where the pods’ bridge was set down or lost its address, the default route sends the packet out again, and behind a device without a carrier nobody answers.',
    byHand: 'On the node: ip route get POD-ADDRESS; ip -br link shows whether the device that it names is UP.',
    mend: 'Add the missing route to the pod range, or mend what distributes routes (the CNI’s agent, the hard way’s ip route add).',
    sources: ['Linux net/ipv4/fib_rules.c, fib_trie.c', 'ip-route(8), "TYPES"'],
  },
})

const sentence = (node: string, { pod, by, name }: Missed): string =>
  by === 'gateway'
    ? `${node} has no route to ${pod.text}, a pod of its own: it sends the packet to the gateway ${name}.`
    : `${node} sends packets for ${pod.text}, a pod of its own, to ${name}, which is down.`
