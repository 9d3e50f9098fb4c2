import type { Evidence } from '../evidence/evidence.ts'
import { isGap } from '../evidence/gap.ts'
import type { Question } from '../evidence/question.ts'
import { waysOut, type WayOut } from '../node/answer.ts'
import { autopsy } from '../node/death.ts'
import { nodeState, type NodeState } from '../node/node-state.ts'
import type { Outcome } from '../node/trace/types.ts'
import type { Journey } from '../node/vip-trace.ts'
import { lostAnswer, type Loss } from './lost-answer.ts'

/** A node on the way of an answer, with what it did with the packet and the ways that the answer may leave by. */
export interface Stretch {
  readonly state: NodeState
  /** Whether it is the node that turns the answer's source back into the VIP: beyond it the answer is on its way to the client. */
  readonly last: boolean
  readonly outcome: Outcome
  readonly ways: readonly WayOut[]
}

/** An answer that is lost on one stretch, by one of its ways. */
export interface LostOut extends Loss {
  readonly stretch: Stretch
  readonly way: WayOut
}

const walked = new WeakMap<Journey, readonly Stretch[]>()

/**
 * The nodes that an answer crosses, the pod's own first. None where the packet is lost before, where nothing is known of the node, or where
 * the pod answers the client past the node that translated. Walked once for each journey, whichever checks ask.
 */
export function stretchesBack(
  evidence: Evidence,
  question: Question,
  node: string,
  journey: Journey,
): readonly Stretch[] {
  const found = walked.get(journey) ?? walk(evidence, question, node, journey)
  walked.set(journey, found)
  return found
}

function walk(evidence: Evidence, { about }: Question, node: string, journey: Journey): readonly Stretch[] {
  const { first, second } = journey
  // A VIP of the control plane is the node's own address: nothing translates it.
  const taken = about !== 'service' && first.fate.kind === 'local'
  if ((autopsy(journey) !== null && !taken) || lostAnswer(evidence, node, journey) !== null) return []
  const there = second === null || isGap(second.outcome) ? [] : stretch(evidence, second.node, second.outcome, false)
  // A client of the node itself has its answer when the node has.
  // With DSR the pod's node answers the client, and this one sees nothing of it.
  const direct = second !== null && first.packet.sourceNat === null && isEbpf(first)
  const here = first.packet.inDevice === null || direct ? [] : stretch(evidence, node, first, true)
  return [...there, ...here]
}

const isEbpf = ({ steps }: Outcome): boolean => steps.some(({ backend }) => backend === 'ebpf')

function stretch(evidence: Evidence, node: string, outcome: Outcome, last: boolean): readonly Stretch[] {
  const state = nodeState(evidence, node, outcome.packet.source.family)
  return isGap(state) ? [] : [{ state, last, outcome, ways: waysOut(state, outcome) }]
}

/** The first stretch on which `loses` says of a way out that it loses the answer; in doubt where other ways there do not. */
export function lostOnWayBack(
  stretches: readonly Stretch[],
  receiving: string,
  loses: (way: WayOut, stretch: Stretch) => boolean,
): LostOut | null {
  for (const stretch of stretches) {
    const { ways, outcome, state } = stretch
    const way = ways.find((one) => loses(one, stretch))
    if (way === undefined) continue
    const open = ways.find((one) => !loses(one, stretch))
    return {
      death: null,
      node: state.node === receiving ? null : state.node,
      outcome,
      step: null,
      stretch,
      way,
      doubt: open === undefined ? null : (way.doubt ?? open.doubt ?? outcome.steps.at(-1) ?? null),
    }
  }
  return null
}
