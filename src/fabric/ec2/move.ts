import type { Evidence } from '../../evidence/evidence.ts'
import { isGap, known } from '../../evidence/gap.ts'
import type { Question } from '../../evidence/question.ts'
import { moveRemedy } from './assign.ts'
import { vpcDelivery } from './delivery.ts'
import { nodeInterfaces } from './node-interfaces.ts'
import type { Remedy } from '../../net/remedy.ts'

/** Moves an owned VIP to the first of some nodes with an interface in the owner's subnet; null where that cannot be done. */
export function moveToNode(evidence: Evidence, question: Question, nodes: readonly string[]): Remedy | null {
  const delivery = vpcDelivery(evidence, question)
  if (isGap(delivery) || delivery.by !== 'owner' || question.vip === null) return null
  const own = known(nodeInterfaces(evidence, question.vpcId))
  const { interface: owner, holding } = delivery
  const [eni] = nodes.flatMap((node) => (own?.get(node) ?? []).filter(({ SubnetId }) => SubnetId === owner.SubnetId))
  return eni === undefined || eni === owner ? null : moveRemedy(evidence, holding, eni, question.vip)
}
