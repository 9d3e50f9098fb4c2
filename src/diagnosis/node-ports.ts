import type { Check, Context } from '../checks/check.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Question } from '../evidence/question.ts'
import type { Port } from '../net/port.ts'
import { addressOfNode } from '../node/vip-trace.ts'
import type { NodePortPath } from './diagnosis.ts'
import { judgeResults } from './judge.ts'
import { runChecks } from './run-checks.ts'

/** What judges a packet to a node's own address: the network delivers it by itself, and no announcement is asked for. */
const judging =
  /^(admission\/(nodeport|nacl-in|nacl-return|client-egress)|translation\/|forwarding\/|endpoint\/|return\/)/

/**
 * What a client would meet at the NodePort of every node whose evidence is there: people verify a VIP so. The same checks are asked about
 * the node's address and the NodePort. It never changes the verdict about the VIP.
 */
export function nodePortPaths(
  checks: readonly Check[],
  evidence: Evidence,
  question: Question,
): readonly NodePortPath[] {
  if (question.about !== 'service') return []
  const { nodePort } = question.servicePort
  if (nodePort === undefined || nodePort === 0) return []
  const port: Port = { protocol: question.port.protocol, port: nodePort }
  const asked = checks.filter(({ id }) => judging.test(id))
  return evidence.nodeNames.flatMap((node): NodePortPath[] => {
    const address = addressOfNode(evidence, node, question.vip?.family ?? 4)
    if (address === null) return []
    const context: Context = {
      evidence,
      question: { ...question, vip: address, port },
      receiving: { by: 'owner', nodes: [node] },
      node: null,
    }
    const { verdict, path, findings } = judgeResults(runChecks(asked, context), context, asked)
    return [{ node, port, verdict, path, findings }]
  })
}
