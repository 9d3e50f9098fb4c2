import { cite } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import { sh } from '../../net/shell.ts'
import { nodeState } from '../../node/node-state.ts'
import { leadsNowhere, lookUpRoute } from '../../node/trace/route.ts'
import { deadRouteRemoval } from '../about/dead-route.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { deadly, isDraft, shareDyingOf } from '../about/traced.ts'

export default defineCheck({
  id: 'forwarding/vip-route-dead',
  title: 'A node that asks for the VIP itself has a route to it',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads, 'kubernetes/nodes'],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { evidence, question, node } = context
    const { vip } = question
    const share = shareDyingOf(context, ['vip-route-dead'])
    if (isDraft(share)) return []
    const sends = share.trace.parts.some(({ journeys }) => journeys[0]?.first.packet.inDevice === null)
    if (!sends) return []
    const state = nodeState(evidence, node, vip.family)
    const source = share.trace.parts[0]?.source ?? vip
    const found = isGap(state) ? null : lookUpRoute(state, { source, destination: vip, mark: 0, inDevice: null })
    const proof = found?.route.dst === undefined ? [] : [cite(found.route)]
    const wrong = deadly(context, share, {
      reason: 'route-dead',
      brief: 'the node itself has no route to the VIP',
      says: ({ outcome }) =>
        `processes of ${node} cannot connect to ${vip.text}: ${outcome.fate.kind === 'no-route' ? outcome.fate.why : 'no route'}${found?.route.dst === undefined ? '' : ` (${found.route.dst})`}, and the kernel asks it before any rule translates.`,
      fix: () => ({
        look: [sh`ssh ${node} ip route get ${vip.text}`],
        // BIRD writes its own again; what another program or a person wrote goes by the command that names it.
        ...(found?.route.dst === undefined || found.route.protocol === 'bird' || !leadsNowhere(found)
          ? {}
          : deadRouteRemoval(node, found)),
        advice:
          'Ask for the Service by its cluster IP from the nodes. A blackhole route of BIRD goes where Calico no longer announces the whole range (serviceLoadBalancerIPs of its BGPConfiguration).',
      }),
    })
    return wrong === null
      ? [
          pass(
            'route-lives',
            `node/${node}`,
            said('has a route to the VIP', `${node} has a route to ${vip.text}.`),
            proof,
          ),
        ]
      : [{ ...wrong, proof: [...proof, ...wrong.proof] }]
  },
  docs: {
    means:
      'The client is a node, or a pod on its network, and its own routes drop what it sends to the VIP (blackhole, unreachable, prohibit, or no route at all): connect fails at once, before a rule could translate. Calico’s BIRD writes a blackhole route on every node for the ranges that it announces. Clients elsewhere, and pods with a network of their own, do not meet it.',
    byHand:
      'On the node: ip route get VIP. “Invalid argument” is a blackhole, “No route to host” unreachable, “Permission denied” prohibit.',
    mend: 'Use the cluster IP on the nodes, or take the route away where it is made.',
    sources: ['ip-route(8), "TYPES"', 'Linux net/ipv4/route.c (ip_route_output_key_hash), fib_semantics.c (fib_props)'],
  },
})
