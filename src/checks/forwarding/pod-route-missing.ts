import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { routeProof, routeToPods } from '../about/route-to-pods.ts'
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
    const { evidence, node } = context
    const share = shareDyingOf(context, ['no-route'])
    if (isDraft(share)) return [share]
    const wrong = deadly(context, share, {
      reason: 'no-route',
      brief: 'no route to the pod',
      says: ({ outcome, node: second }) =>
        `${second ?? node} has no way to the pod ${outcome.packet.destination.text}: ${outcome.fate.kind === 'no-route' ? outcome.fate.why : ''}.`,
      fix: ({ outcome, node: second }) => routeToPods(evidence, second ?? node, outcome.packet.destination),
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
      'The packet is translated to a pod, and the node has no route to that address, or one that refuses it (blackhole, unreachable, prohibit).',
    byHand: 'On the node: ip route get POD-ADDRESS.',
    mend: 'Add the missing route to the pod range, or mend what distributes routes (the CNI’s agent, the hard way’s ip route add).',
    sources: ['Linux net/ipv4/fib_rules.c, fib_trie.c', 'ip-route(8), "TYPES"', 'Facts KP-POD-ROUTE'],
  },
})
