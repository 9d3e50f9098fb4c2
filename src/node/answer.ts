import type { NodeState } from './node-state.ts'
import { runHook } from './trace/hooks.ts'
import { lookUpRoute, type Flow, type RouteDecision } from './trace/route.ts'
import type { Outcome, Packet, Step } from './trace/types.ts'
import { sourceBehind } from './vip-trace.ts'

/** How the answer to a connection's first packet leaves a node. `route` is null where no table has one. */
export interface WayOut {
  /** The answer as it is routed: its source is that of whoever answers, its destination the client. */
  readonly flow: Flow
  readonly route: RouteDecision | null
  /** A rule that is not known, and may give the answer another mark. */
  readonly doubt: Step | null
}

/**
 * The ways that a node may give the answer to a packet that it delivered, passed on or took itself. Its destination is turned back into the
 * client before it is routed, its source into the VIP only afterwards, in POSTROUTING (Linux net/netfilter/nf_nat_core.c, nf_nat_packet):
 * a routing rule from the VIP meets no pod's answer. Rules may give it a mark before, as what they restore from its connection.
 */
export function waysOut(state: NodeState, { packet, fate, doubt }: Outcome): readonly WayOut[] {
  const own = fate.kind === 'local'
  if (!own && fate.kind !== 'delivered' && fate.kind !== 'forwarded') return []
  const answer: Packet = {
    ...packet,
    source: packet.destination,
    sourcePort: packet.destinationPort,
    destination: sourceBehind(state, packet),
    destinationPort: packet.sourcePort,
    inDevice: own ? null : fate.device,
    outDevice: null,
    mark: 0,
    routedMark: 0,
    entered: false,
    answers: true,
  }
  const branch = { packet: answer, probability: 1, doubt, steps: [] }
  return runHook(state, own ? 'OUTPUT' : 'PREROUTING', branch).flatMap(
    ({ branch: { packet: marked, doubt: rule } }) => {
      const { source, inDevice, routedMark, mark } = marked
      const flow = { source, inDevice, destination: packet.source, mark: own ? routedMark : mark }
      return [{ flow, route: lookUpRoute(state, flow), doubt: rule }]
    },
  )
}
