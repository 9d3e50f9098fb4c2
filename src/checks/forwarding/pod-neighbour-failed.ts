import { cite, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import { sh } from '../../net/shell.ts'
import { traceReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { pass, said, unknown, type Draft } from '../finding.ts'
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
  consequenceOf: [
    'translation/dnat-stale-endpoint',
    'forwarding/cni-ready',
    'forwarding/pod-route-missing',
    'endpoint/ready',
  ],
  run: (context) => {
    const { evidence, node } = context
    const share = shareLost(context, (journey) => silentAt(evidence, node, 'FAILED', journey)?.loss ?? null)
    if (isDraft(share)) return [share]
    const journeys = share.trace.parts.flatMap((part) => part.journeys)
    const firstSilent = (state: Silence): Silent | null => {
      for (const journey of journeys) {
        const silent = silentAt(evidence, node, state, journey)
        if (silent !== null) return silent
      }
      return null
    }
    const lost = firstSilent('FAILED')
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
    if (wrong !== null && lost !== null) return [{ ...wrong, proof: [lost.proof, ...wrong.proof] }]
    const asked = firstSilent('INCOMPLETE')
    if (asked !== null) return [notAnsweredYet(asked)]
    return [
      pass(
        'none-silent',
        `node/${node}`,
        said('no next hop is silent', `No next hop on the packet’s way from ${node} is known to be silent.`),
        [],
      ),
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

/** What a neighbour entry says of a neighbour without an answer: it was asked for in vain, or is being asked for. */
type Silence = 'FAILED' | 'INCOMPLETE'

interface Silent {
  readonly node: string
  readonly hop: Address
  readonly device: string
  readonly isPod: boolean
  readonly proof: Proof
  readonly loss: Loss
}

/** The kernel asks for three seconds before it gives up, and an answer takes a thousandth of one. */
const notAnsweredYet = ({ node, hop, device, isPod, proof }: Silent): Draft =>
  unknown(
    'not-answered-yet',
    `node/${node}`,
    said(
      isPod ? 'the pod’s address is being asked for' : 'the next hop is being asked for',
      `${node} was asking for ${hop.text}${isPod ? ', the pod’s address,' : ''} when it was read, and had no answer: its neighbour entry on ${device} is INCOMPLETE.`,
    ),
    [],
    [proof],
    { fix: { look: [sh`ssh ${node} ip neigh show ${hop.text}`, sh`ssh ${node} sudo ping -c 2 ${hop.text}`] } },
  )

/** The first hop of a journey whose next neighbour did not answer. */
function silentAt(evidence: Evidence, node: string, state: Silence, { first, second }: Journey): Silent | null {
  const here = first.fate.kind === 'delivered' ? silentBehind(evidence, node, state, first) : null
  if (here !== null || second === null || isGap(second.outcome)) return here
  const there = silentBehind(evidence, second.node, state, second.outcome)
  return there === null ? null : { ...there, loss: { ...there.loss, node: second.node } }
}

function silentBehind(evidence: Evidence, node: string, silence: Silence, outcome: Outcome): Silent | null {
  const { fate, packet, steps } = outcome
  // On the second node the packet is plain traffic, which is forwarded without translation.
  if (fate.kind !== 'delivered' && fate.kind !== 'forwarded') return null
  const hop = fate.gateway ?? packet.destination
  const entry = (known(evidence.node(node).ipNeigh) ?? []).find(
    ({ dst, dev, state }) =>
      dev === fate.device && state?.includes(silence) === true && sameAddress(parseAddress(dst), hop),
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
