import { placeText } from '../../evidence/cite.ts'
import { isGap } from '../../evidence/gap.ts'
import type { Loss } from '../../journey/lost-answer.ts'
import { traceOn } from '../../journey/vip-trace.ts'
import { autopsy } from '../../node/death.ts'
import { nodeState } from '../../node/node-state.ts'
import type { VipContext } from '../check.ts'

/** More firewalls in a row than one packet meets. */
const most = 16

/**
 * What the packets that rules stop on a node would be stopped by next, there or on the pod's node, if those rules were gone: all that has to go
 * for them to arrive. Without `losses` themselves.
 */
export function lossesBehind(
  { evidence, question }: VipContext,
  node: string,
  losses: readonly Loss[],
): readonly Loss[] {
  const state = nodeState(evidence, node, question.vip.family)
  if (isGap(state)) return []
  const taken = new Set<string>()
  const behind: Loss[] = []
  let found = losses
  for (let round = 0; round < most; round++) {
    const before = taken.size
    for (const { step } of found) if (step !== null && step.place !== null) taken.add(placeText(step.place))
    if (taken.size === before) break
    const trace = traceOn(evidence, question, { ...state, taken: new Set(taken) })
    if (isGap(trace)) break
    found = trace.parts
      .flatMap(({ journeys }) => journeys.flatMap((journey) => autopsy(journey) ?? []))
      .filter(({ death }) => death === 'filtered-before' || death === 'filtered-after')
    behind.push(...found)
  }
  return behind
}
