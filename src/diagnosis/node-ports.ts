import type { Check, Context } from '../checks/check.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Question } from '../evidence/question.ts'
import { receivingNodes } from '../journey/receiving.ts'
import { addressOfNode } from '../node/vip-trace.ts'
import type { NodePortPath } from './diagnosis.ts'
import { judgeResults } from './judge.ts'
import { runChecks } from './run-checks.ts'
import { atNodePort } from './service-questions.ts'

/**
 * What a client would meet at the NodePort of every node whose evidence is there: people verify a VIP so. It never changes the verdict about
 * the VIP.
 */
export function nodePortPaths(
  checks: readonly Check[],
  evidence: Evidence,
  question: Question,
): readonly NodePortPath[] {
  if (question.about !== 'service') return []
  const { service, servicePort } = question
  return evidence.nodeNames.flatMap((node): NodePortPath[] => {
    const address = addressOfNode(evidence, node, question.vip?.family ?? 4)
    if (address === null) return []
    const asked = atNodePort(service, address, question).filter((one) => one.servicePort === servicePort)
    return asked.map((one) => {
      const context: Context = { evidence, question: one, receiving: receivingNodes(evidence, one), node: null }
      const { verdict, path, findings } = judgeResults(runChecks(checks, context), context, checks)
      return { node, port: one.port, verdict, path, findings }
    })
  })
}
