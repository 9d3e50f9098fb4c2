import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass } from '../finding.ts'
import { arrivals, deadly, isDraft, shareDyingOf } from '../about/traced.ts'

export default defineCheck({
  id: 'forwarding/pod-route-missing',
  title: 'The node has a route to every endpoint',
  needs: ['node/ip-route'],
  alsoReads: [...traceReads],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  run: (context) => {
    const { node } = context
    const share = shareDyingOf(context, ['no-route'])
    if (isDraft(share)) return [share]
    const wrong = deadly(context, share, {
      reason: 'no-route',
      brief: 'no route to the pod',
      says: ({ outcome, node: second }) =>
        `${second ?? node} has no way to the pod ${outcome.packet.destination.text}: ${outcome.fate.kind === 'no-route' ? outcome.fate.why : ''}.`,
      fix: ({ outcome, node: second }) => ({
        commands: [
          `ssh ${second ?? node} ip route get ${outcome.packet.destination.text}`,
          `ssh ${second ?? node} ip route show`,
        ],
        changes:
          'Shows how the kernel would route. Each node needs a route to the pod range of every other one: through the node that has it (hosts of one subnet), or through the VPC’s router with a route there.',
      }),
    })
    return [
      wrong ??
        pass(
          'has-routes',
          `node/${node}`,
          `${node} has a route to each endpoint that its rules send to (${String(arrivals(share.trace).length)}).`,
          [],
        ),
    ]
  },
  docs: {
    means:
      'The packet is translated to a pod, and the node has no route to that address, or one that refuses it (blackhole, unreachable, prohibit).',
    byHand: 'On the node: ip route get POD-ADDRESS.',
    mend: 'Add the missing route to the pod range, or mend what distributes routes (the CNI’s agent, the hard way’s ip route add).',
    sources: ['Linux net/ipv4/fib_rules.c, fib_trie.c', 'ip-route(8), "TYPES"', 'Facts KP-POD-ROUTE'],
  },
})
