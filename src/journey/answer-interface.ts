import type { NetworkInterface } from '../evidence/ec2/kinds.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { isGap, known, type Known } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { arrivalInterface, interfaceOfDevice } from '../fabric/ec2/delivery.ts'
import { interfacesOfNode } from '../fabric/ec2/node-interfaces.ts'
import type { WayOut } from '../node/answer.ts'
import type { NodeState } from '../node/node-state.ts'
import { traceVip } from './vip-trace.ts'
import { stretchesBack } from './way-back.ts'

/** The interface of a node by which a way out of it leaves; null where it leaves by none (a tunnel, a bridge, loopback). */
export function interfaceOfWay(
  evidence: Evidence,
  { vpcId }: Question,
  { node, links, addresses }: NodeState,
  { route }: WayOut,
): NetworkInterface | null {
  if (route?.type !== 'unicast' || route.device === null) return null
  const own = known(interfacesOfNode(evidence, node, vpcId)) ?? []
  return interfaceOfDevice(own, links.length > 0 ? links : addresses, route.device)
}

/** Whether an answer leaves a node by a device of which no interface of the VPC is known. */
export function leavesUnseen(evidence: Evidence, question: Question, node: string): boolean {
  const trace = known(traceVip(evidence, question, node))
  const journeys = trace?.parts.flatMap((part) => part.journeys) ?? []
  return journeys
    .flatMap((journey) => stretchesBack(evidence, question, node, journey))
    .some(
      ({ last, state, ways }) =>
        last &&
        ways.some((way) => way.route?.type === 'unicast' && interfaceOfWay(evidence, question, state, way) === null),
    )
}

/**
 * The interface by which answers leave the node that translates: by its rules and routes, else, where these are not known or lead to no
 * interface, the one at which the packet arrives.
 */
export function answerInterface(evidence: Evidence, question: Question, node: string): Known<NetworkInterface | null> {
  const arrival = arrivalInterface(evidence, question, node)
  const trace = traceVip(evidence, question, node)
  if (isGap(arrival) || isGap(trace)) return arrival
  const journeys = trace.parts.flatMap((part) => part.journeys)
  for (const { state, last, ways } of journeys.flatMap((one) => stretchesBack(evidence, question, node, one))) {
    const [way] = last ? ways : []
    const leaving = way === undefined ? null : interfaceOfWay(evidence, question, state, way)
    if (leaving !== null) return leaving
  }
  return arrival
}
