import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said } from '../finding.ts'
import { deadly, isDraft, shareLost } from '../about/traced.ts'
import type { Loss } from '../../journey/lost-answer.ts'
import type { Outcome } from '../../node/trace/types.ts'
import type { Journey } from '../../node/vip-trace.ts'

export default defineCheck({
  id: 'forwarding/pod-neighbour-failed',
  after: 'forwarding/pod-route-missing',
  title: 'Whom the node hands the packet to answers for its address',
  needs: ['node/ip-neigh', 'node/ip-route'],
  alsoReads: [...traceReads, 'kubernetes/pods'],
  about: ['service'],
  blocks: true,
  each: 'receiving',
  consequenceOf: ['translation/dnat-stale-endpoint', 'forwarding/cni-ready', 'endpoint/ready'],
  run: (context) => {
    const { evidence, node } = context
    const share = shareLost(context, (journey) => lostAt(evidence, node, journey)?.loss ?? null)
    if (isDraft(share)) return [share]
    const journey = share.trace.parts
      .flatMap(({ journeys }) => journeys)
      .find((one) => lostAt(evidence, node, one) !== null)
    const lost = journey === undefined ? null : lostAt(evidence, node, journey)
    const wrong =
      lost === null
        ? null
        : deadly(context, share, {
            reason: lost.isPod ? 'pod-silent' : 'next-hop-silent',
            brief: lost.isPod ? 'nobody answers for the pod’s address' : 'nobody answers for the next hop',
            says: () =>
              `On ${lost.node} nobody answers for ${lost.hop.text}${lost.isPod ? ', the pod’s address' : `, through which the packet would go to ${lost.loss.outcome.packet.destination.text}`}: its neighbour entry on ${lost.device} is FAILED.`,
            fix: () => ({
              look: [
                sh`ssh ${lost.node} sudo ping -c 2 ${lost.hop.text}`,
                sh`ssh ${lost.node} ip neigh show ${lost.hop.text}`,
                ...(lost.isPod
                  ? [sh`kubectl get pods -A -o wide --field-selector spec.nodeName=${lost.node}`]
                  : [sh`ssh ${lost.node} ip route get ${lost.hop.text}`]),
              ],
              advice: lost.isPod
                ? 'If the kernel does not find the pod now either, its network was not set up or was taken away: delete the pod, and its controller makes another.'
                : 'If the kernel does not find the next hop now either, that host is down, or the route names the wrong one.',
            }),
          })
    return [
      wrong === null || lost === null
        ? pass(
            'none-silent',
            `node/${node}`,
            said('no next hop is silent', `No next hop on the packet’s way from ${node} is known to be silent.`),
            [],
          )
        : { ...wrong, proof: [lost.proof, ...wrong.proof] },
    ]
  },
  docs: {
    means:
      'The node knows where to send the packet and asked for the MAC address of the pod, or of the host on the way to it; nobody answered. The kernel drops what it would have sent, and the client sees a time-out or "no route to host". A pod whose network went away, an address that no pod has any more, or a host that is down look like this.',
    byHand: 'On the node: ip neigh show ADDRESS (FAILED, INCOMPLETE); ping it and look again, for an entry may be old.',
    mend: 'Recreate the pod, or mend the route to the host that is gone.',
    sources: ['RFC 4861, section 7.3.2 "Neighbor Cache Entry States"', 'Linux net/core/neighbour.c', 'ip-neighbour(8)'],
  },
})

interface Lost {
  readonly node: string
  readonly hop: Address
  readonly device: string
  readonly isPod: boolean
  readonly proof: Proof
  readonly loss: Loss
}

/** The first hop of a journey whose next neighbour is known not to answer. */
function lostAt(evidence: Evidence, node: string, { first, second }: Journey): Lost | null {
  const here = first.fate.kind === 'delivered' ? silent(evidence, node, first) : null
  if (here !== null || second === null || isGap(second.outcome)) return here
  const there = silent(evidence, second.node, second.outcome)
  return there === null ? null : { ...there, loss: { ...there.loss, node: second.node } }
}

function silent(evidence: Evidence, node: string, outcome: Outcome): Lost | null {
  const { fate, packet, steps } = outcome
  // On the second node the packet is plain traffic, which is forwarded without translation.
  if (fate.kind !== 'delivered' && fate.kind !== 'forwarded') return null
  const hop = fate.gateway ?? packet.destination
  const entry = (known(evidence.node(node).ipNeigh) ?? []).find(
    ({ dst, dev, state }) =>
      dev === fate.device && state?.includes('FAILED') === true && sameAddress(parseAddress(dst), hop),
  )
  if (entry === undefined) return null
  return {
    node,
    hop,
    device: fate.device ?? '',
    isPod: fate.gateway === null,
    proof: cite(entry),
    loss: { death: null, node: null, outcome, step: steps.at(-1) ?? null },
  }
}
