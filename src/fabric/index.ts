import type { FabricName, Question } from '../evidence/question.ts'
import { cloudFabrics } from './clouds.ts'
import { ec2 } from './ec2/fabric.ts'
import type { Fabric } from './fabric.ts'
import { lan } from './lan/fabric.ts'
import { unknownFabric } from './unknown.ts'

/** Every fabric, the one that stands for none of them last. */
export const fabrics: readonly Fabric[] = [ec2, ...cloudFabrics, lan, unknownFabric]

const byName = new Map(fabrics.map((fabric) => [fabric.name, fabric]))

/** The fabric of a question. */
export const fabricOf = ({ fabric }: { readonly fabric: FabricName }): Fabric => byName.get(fabric) ?? unknownFabric

/** Whether packets go to whoever announces the VIP, so that silence is their end. */
export const hangsOnAnnouncement = (question: Pick<Question, 'fabric'>): boolean =>
  fabricOf(question).delivery === 'announcement'
