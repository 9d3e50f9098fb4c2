import { known } from '../../evidence/gap.ts'
import { arrivalDevices } from '../../journey/arrival.ts'
import { lostOnWayBack, stretchesBack, type LostOut } from '../../journey/way-back.ts'
import { rangeHas } from '../../net/range.ts'
import { inWords } from '../../net/words.ts'
import { leadsInside } from '../../node/devices.ts'
import { networksOfNode } from '../../node/networks.ts'
import { nodeState } from '../../node/node-state.ts'
import { citeDecision, routeText } from '../../node/route-words.ts'
import { isGap } from '../../evidence/gap.ts'
import { policyRouting } from '../about/policy-routing.ts'
import { traceReads } from '../about/reads.ts'
import { isDraft, shareLost } from '../about/traced.ts'
import { defineCheck, type VipNodeContext } from '../check.ts'
import { pass, said, skipped, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'return/asymmetric-route',
  after: 'return/node-route',
  title: 'Answers leave by the device that the packets come in by',
  needs: ['node/ip-route', 'node/ip-addr'],
  alsoReads: [...traceReads],
  about: ['service', 'control-plane'],
  on: ['announcement'],
  blocks: true,
  each: 'receiving',
  run,
  docs: {
    means:
      'The network hands the packet to one device of the node, and the node’s routes send the answer out of another: the VIP is in the network of the second interface, or of a VLAN, and the default route leaves by the first. A router or firewall that keeps state sees half of the connection and drops the rest, and one that looks at sources takes an answer from the VIP’s network for forged. Whether there is one on the way is not in the evidence, so this is not known. Clients in the VIP’s own network meet no router and are served.',
    byHand:
      'On the node, while a client tries: tcpdump -ni any host CLIENT shows the SYN coming in by one device and the answer leaving by the other. ip route get CLIENT from POD-ADDRESS iif DEVICE names it.',
    mend: 'Policy routing that sends answers out of the device that the packets come in by. A rule from the VIP does not do it: the answer is routed with the pod’s address as its source, before it is turned back into the VIP.',
    sources: [
      'RFC 3704, "Ingress Filtering for Multihomed Networks"',
      'Linux net/netfilter/nf_nat_core.c (nf_nat_packet)',
      'MetalLB documentation, "Troubleshooting" (asymmetric paths)',
    ],
  },
})

interface Aside extends LostOut {
  /** Whether the client is in a network of the device that its packets come in by: it meets no router. */
  readonly near: boolean
}

function run(context: VipNodeContext): readonly Draft[] {
  const { evidence, question, node } = context
  const { vip } = question
  const state = nodeState(evidence, node, vip.family)
  const arrival = isGap(state) ? [] : arrivalDevices(evidence, question, state)
  const subject = `node/${node}`
  if (arrival.length === 0)
    return [
      skipped(
        'arrival-not-known',
        subject,
        said(
          'the device it comes in by is not known',
          `By which device packets for ${vip.text} reach ${node} is not known.`,
        ),
      ),
    ]
  const networks = (known(networksOfNode(evidence, node)) ?? []).filter(({ device }) => arrival.includes(device))
  const share = shareLost(context, (journey): Aside | null => {
    // What comes from the node's own pods, or through a tunnel that ends here, does not come in by the network's device.
    if (!arrival.includes(journey.first.packet.inDevice ?? '')) return null
    const lost = lostOnWayBack(
      stretchesBack(evidence, question, node, journey),
      node,
      ({ route }, { state: here, last }) =>
        last &&
        route?.type === 'unicast' &&
        route.device !== null &&
        !arrival.includes(route.device) &&
        !leadsInside(here, route.device),
    )
    return lost === null
      ? null
      : { ...lost, near: networks.some(({ cidr }) => rangeHas(cidr, lost.outcome.packet.source)) }
  })
  if (isDraft(share)) return [share]
  const lost = share.losses.find(({ near }) => !near) ?? share.example
  const by = inWords(arrival)
  if (lost === null)
    return [
      pass(
        'same-device',
        subject,
        said('answers leave as the packets come in', `Answers leave ${node} by ${by}, as the packets come in.`),
        [],
      ),
    ]
  const { way, stretch, outcome } = lost
  const client = outcome.packet.source.text
  const text = `Packets for ${vip.text} come in to ${node} by ${by}, and the answers to ${client} leave by ${way.route?.device ?? ''} (${way.route === null ? '' : routeText(way.route)})`
  const proof = way.route === null ? [] : citeDecision(stretch.state, way.route)
  const fix = policyRouting(
    evidence,
    question,
    node,
    arrival[0] ?? 'default',
    way.flow.inDevice === null ? 'node' : 'pod',
  )
  return lost.near
    ? [
        warn(
          'other-device',
          subject,
          said(
            'answers leave by another device',
            `${text}: the client is on the link of ${by} and takes them from there, unless it filters.`,
          ),
          proof,
          { fix, blocks: false },
        ),
      ]
    : [
        unknown(
          'other-device-past-router',
          subject,
          said(
            'answers leave by another device',
            `${text}. Whether the routers between drop them, as those do that keep state or look at sources, is not known.`,
          ),
          [],
          proof,
          { fix },
        ),
      ]
}
